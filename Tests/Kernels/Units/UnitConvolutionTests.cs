using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>
/// Compares convolutions by matrix units, and gradients of their inputs, with plain loops in double. Eighths are held by TF32 and by
/// bfloat16 and are summed without rounding, so results must be equal.
/// </summary>
public sealed class UnitConvolutionTests<TDevice> : UnitKernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 2;

    protected override void RunAll()
    {
        EveryShapeMatchesTheReference(new(8, 5, 6, 8, 3, 3, 2, 1, 1, 1, 1), FactorType.BFloat16);
        ChannelsThatAreNoWholeLoadsArePacked(new(3, 9, 11, 8, 7, 7, 2, 2, 3, 3, 1), FactorType.BFloat16, false);
        MomentsMatchTheStoredOutput(FactorType.TF32, true, 8);
        foreach (Type function in EveryFunction.Types) FunctionIsAppliedToTheResult(function);
    }

    private static IEnumerable<Type> Functions => KernelVariants<TDevice>.Of(EveryFunction.Types);

    private static IEnumerable<TestCaseData> Shapes()
    {
        (string Name, ConvolutionShape Shape)[] cases =
        [
            ("strides that do not divide", new(8, 9, 8, 24, 3, 5, 2, 3, 1, 2, 1)),
            ("a tap ends within a stage", new(24, 5, 6, 8, 3, 3, 1, 1, 1, 1, 1)),
            ("several tiles of columns", new(72, 3, 4, 80, 1, 2, 1, 1, 0, 1, 1)),
            ("windows that are all padding", new(8, 3, 4, 8, 2, 2, 2, 1, 3, 2, 1)),
            ("a filter larger than the map, strided", new(8, 2, 3, 8, 7, 5, 2, 2, 4, 3, 1)),
            ("phases without taps", new(8, 8, 7, 8, 2, 1, 3, 3, 0, 0, 1)),
            ("one tap", new(8, 5, 5, 16, 1, 1, 1, 1, 0, 0, 1)),
            ("one tap, strided", new(16, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1)),
        ];
        return from shape in KernelVariants<TDevice>.Of(cases)
               from factors in FactorTypes
               select new TestCaseData(shape.Shape, factors).SetArgDisplayNames(shape.Name, factors.Name());
    }

    [TestCaseSource(nameof(Shapes))]
    public void EveryShapeMatchesTheReference(ConvolutionShape shape, FactorType factors) => Check(shape, Smallest(factors));

    private static IEnumerable<TestCaseData> PackedShapes()
    {
        (string Name, ConvolutionShape Shape)[] cases =
        [
            ("7x7, stride 2", new(3, 9, 11, 8, 7, 7, 2, 2, 3, 3, 1)),
            ("3x3", new(3, 6, 5, 72, 3, 3, 1, 1, 1, 1, 1)),
            ("one channel, no padding", new(1, 7, 7, 8, 5, 5, 1, 1, 0, 0, 1)),
            ("11x11, stride 4, a remainder", new(3, 15, 14, 16, 11, 11, 4, 4, 2, 2, 1)),
            ("two channels, stride 3", new(2, 7, 9, 8, 2, 5, 3, 3, 1, 2, 1)),
            ("five channels", new(5, 4, 5, 8, 2, 3, 1, 1, 1, 1, 1)),
            ("twelve channels, a tap, strided", new(12, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1)),
            ("whole loads that are rounded", new(8, 5, 4, 8, 3, 3, 2, 1, 1, 1, 1)),
        ];
        // The copy differs by stride and channels. What a processor compiles as CUDA C is the same for all.
        return from shape in typeof(TDevice) == typeof(DebugSampleDevice) ? cases : cases[..3]
               from stored in ((FactorType Factors, bool IsBFloat16)[])
                   [(FactorType.TF32, false), (FactorType.BFloat16, false), (FactorType.BFloat16, true)]
               select new TestCaseData(shape.Shape, stored.Factors, stored.IsBFloat16)
                   .SetArgDisplayNames(shape.Name, stored.Factors.Name(), stored.IsBFloat16 ? "of bfloat16" : "of floats");
    }

    /// <summary>First layers read floats; their output is stored as other layers' is, or as floats.</summary>
    [TestCaseSource(nameof(PackedShapes))]
    public void ChannelsThatAreNoWholeLoadsArePacked(ConvolutionShape shape, FactorType factors, bool isBFloat16)
    {
        foreach (int images in KernelVariants<TDevice>.Of((int[])[Images, 1]))
        {
            var numbers = new ConvolutionCase(shape, images, Eighths);
            var choice = ConvolutionChoice.For(shape, images, ConvolutionPass.Forward, factors);
            Assert.That(choice.Tile.Factors, Is.EqualTo(factors));
            bool isRoundedFilter = factors == FactorType.BFloat16, isRounded = images == Images;
            var plan = new ForwardLaunches(shape, images, choice, isBFloat16X: isBFloat16, isBFloat16Y: isRounded);
            DeviceBuffer<float> y = Device.UnsetStored(numbers.Y.Length, isRounded);
            plan.Launch(
                Immediately, Device.Stored(numbers.X, isBFloat16), Device.Stored(numbers.Filter, isRoundedFilter),
                Device.Buffer<float>(numbers.Bias), y, Workspace(plan.WorkspaceFloats), default(Identity));
            AssertStored($"y of {images} images", y, numbers.Y, isRounded);
        }
    }

    /// <summary>The copy is of what matrix units multiply, however the input is stored.</summary>
    [Test]
    public void WorkspaceHoldsThePackedInputAndFilter()
    {
        ConvolutionShape first = new(3, 9, 11, 8, 7, 7, 2, 2, 3, 3, 1);
        Assert.That(Floats(first, FactorType.TF32), Is.EqualTo(4 * (Images * 9 * 11 + 7 * 7 * 8)));
        Assert.That(Floats(first, FactorType.BFloat16), Is.EqualTo(4 * Images * 9 * (5 + 4) + 7 * 8 * 4 * 8 / 2));
        Assert.That(Floats(first with { C = 8 }, FactorType.TF32), Is.Zero);
        Assert.That(Floats(first with { C = 8 }, FactorType.BFloat16), Is.EqualTo(4 * (Images * 9 * 11 + 7 * 7 * 8)));

        static long Floats(ConvolutionShape shape, FactorType factors) => new ForwardLaunches(
            shape, Images, ConvolutionChoice.For(shape, Images, ConvolutionPass.Forward, factors)).WorkspaceFloats;
    }

    private static IEnumerable<TileShape> Tiles =>
        FactorTypes.SelectMany(factors => KernelVariants<TDevice>.Of(TileShape.Of(factors)));

    /// <summary>More than one tile each way, also of the largest.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void EveryTileMatchesTheReference(TileShape tile) => Check(new(8, 9, 8, tile.N + 8, 3, 3, 1, 1, 1, 1, 1), tile);

    [TestCase(FactorType.TF32)]
    [TestCase(FactorType.BFloat16)]
    public void AccumulateAddsToTheResult(FactorType factors)
    {
        const float There = 3;
        bool isBFloat16 = factors == FactorType.BFloat16;
        var shape = new ConvolutionShape(8, 5, 5, 8, 1, 2, 2, 2, 0, 0, 1);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        var choice = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, Smallest(factors));
        DeviceBuffer<float> y = Filled(numbers.Y.Length), dx = Filled(numbers.X.Length);
        Forward(new(shape, Images, choice, isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16), numbers, isBFloat16, y, accumulate: true);
        InputGradient(
            new(shape, Images, choice, isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16), numbers, isBFloat16, dx, accumulate: true);
        AssertStored("y", y, [.. numbers.Y.Select(value => value + There)], isBFloat16);
        AssertStored("dx", dx, [.. numbers.GradientX.Select(value => value + There)], isBFloat16);

        DeviceBuffer<float> Filled(int count) => Device.Stored([.. Enumerable.Repeat(There, count)], isBFloat16);
    }

    /// <summary>Writes the result to some channels of a wider volume, and leaves the others unchanged.</summary>
    [Test]
    public void WritesOnlyItsChannelsOfAWiderVolume([Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors,
        [Values(1, 3)] int size)
    {
        const int Pitch = 20;
        bool isBFloat16 = factors == FactorType.BFloat16;
        var shape = new ConvolutionShape(8, 4, 5, 8, size, size, 1, 1, size / 2, size / 2, 1);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        var choice = ConvolutionChoice.For(shape, Images, ConvolutionPass.Forward, factors);
        int count = Images * shape.OutputArea * Pitch;
        DeviceBuffer<float> y = Device.UnsetStored(count, isBFloat16);
        Forward(
            new(shape, Images, choice, pitch: Pitch, isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16), numbers, isBFloat16, y);
        float[][] rows = [.. BFloat16Numbers.Values(y, count, isBFloat16).Chunk(Pitch)];
        Closeness.Check("y", rows.SelectMany(row => row[..8]).ToArray(), Kept(numbers.Y, isBFloat16), 0);
        Assert.That(rows.SelectMany(row => row[8..]), Is.All.NaN);
    }

    /// <summary>
    /// Values far from 0 and close to each other; tiles of which all rows count, some, or none. Unused images hold NaN. The stored values
    /// are rounded, and their moments with them.
    /// </summary>
    [TestCase(FactorType.TF32, false, 8)]
    [TestCase(FactorType.TF32, true, 8)]
    [TestCase(FactorType.BFloat16, false, 8)]
    [TestCase(FactorType.BFloat16, true, 8)]
    [TestCase(FactorType.BFloat16, false, 3)]
    public void MomentsMatchTheStoredOutput(FactorType factors, bool isPointwise, int channels)
    {
        bool isBFloat16 = factors == FactorType.BFloat16;
        int size = isPointwise ? 1 : 3;
        var shape = new ConvolutionShape(channels, 7, 8, 72, size, size, 1, 1, size / 2, size / 2, 1);
        TileShape tile = Smallest(factors);
        var plan = new ForwardLaunches(
            shape, Images, new(isPointwise ? ConvolutionAlgorithm.Gemm : ConvolutionAlgorithm.ImplicitGemm, tile),
            isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16);
        Assert.That(plan.MomentRows, Is.EqualTo(tile.M));
        int rows = Images * shape.OutputArea, tiles = (rows + tile.M - 1) / tile.M;
        float[] filter = Numbers.Reals(size * size * channels * shape.K, 2);
        float[] bias = [.. Numbers.Reals(shape.K, 3).Select(value => 100 * value)];
        for (int real = 0; real <= Images; real++)
        {
            float[] x = Numbers.Reals(Images * 56 * channels, 1);
            Array.Fill(x, float.NaN, real * 56 * channels, (Images - real) * 56 * channels);
            DeviceBuffer<float> y = Device.UnsetStored(rows * shape.K, isBFloat16), moments = Device.Unset<float>(tiles * 3 * shape.K);
            plan.Launch(
                Immediately, Device.Stored(x, isBFloat16), Device.Stored(filter, isBFloat16), Device.Buffer<float>(bias), y,
                Workspace(plan.WorkspaceFloats), default(Identity),
                moments: new(Device.Buffer(new StepScalars { Images = real }), moments, shape.OutputArea));
            float[] stored = BFloat16Numbers.Values(y, rows * shape.K, isBFloat16);
            for (int i = 0; i < tiles * shape.K; i++)
            {
                int of = i / shape.K, k = i % shape.K, first = of * tile.M, end = Math.Min(first + tile.M, real * shape.OutputArea);
                double[] values = [.. Enumerable.Range(first, Math.Max(0, end - first)).Select(row => (double)stored[row * shape.K + k])];
                double mean = values.Length == 0 ? 0 : values.Average(), spread = values.Sum(value => Math.Pow(value - mean, 2));
                double scale = Math.Sqrt(spread / Math.Max(1, values.Length));
                int at = of * 3 * shape.K + k;
                Near("first", moments.Span[at], values.Length == 0 ? 0 : values[0], 0);
                Near("mean", moments.Span[at] + (double)moments.Span[at + shape.K], mean, 4e-6 * scale);
                Near("spread", moments.Span[at + 2 * shape.K], spread, 4e-6 * spread);

                void Near(string what, double actual, double expected, double tolerance)
                {
                    if (!(Math.Abs(actual - expected) <= tolerance))
                        Assert.Fail($"{what} of channel {k} in tile {of} with {real} real images: {actual:R} instead of {expected:R}, "
                            + $"tolerance {tolerance:E2}");
                }
            }
        }
    }

    [TestCaseSource(nameof(Functions))]
    public void FunctionIsAppliedToTheResult(Type function) => EveryFunction.Call(this, nameof(Applies), function);

    private void Applies<TFunction>() where TFunction : unmanaged, IPointwise
    {
        var shape = new ConvolutionShape(4, 4, 5, 4, 3, 2, 1, 1, 1, 0, 1);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        double[] expected = EveryFunction.Of<TFunction>(numbers.Y);
        var plan = new ForwardLaunches(shape, Images, new(ConvolutionAlgorithm.ImplicitGemm, Smallest(FactorType.TF32)));
        DeviceBuffer<float> y = Device.Unset<float>(expected.Length);
        plan.Launch(
            Immediately, Device.Buffer<float>(numbers.X), Device.Buffer<float>(numbers.Filter), Device.Buffer<float>(numbers.Bias), y, y,
            default(TFunction));
        Closeness.Check("y", y.Span, expected, 2e-6 * expected.Select(Math.Abs).Max());
    }

    [Test]
    public void WhatUnitsCannotLoadGoesToFloat32()
    {
        ConvolutionShape grouped = new(16, 5, 5, 16, 3, 3, 1, 1, 1, 1, 2), first = new(3, 9, 9, 16, 3, 3, 1, 1, 1, 1, 1),
            fours = new(12, 5, 5, 12, 3, 3, 1, 1, 1, 1, 1);
        Assert.That(Factors(grouped, ConvolutionPass.Forward, FactorType.TF32), Is.EqualTo(FactorType.Float32));
        Assert.That(Factors(first, ConvolutionPass.Forward, FactorType.TF32), Is.EqualTo(FactorType.TF32));
        Assert.That(Factors(first, ConvolutionPass.Forward, FactorType.BFloat16), Is.EqualTo(FactorType.BFloat16));
        Assert.That(Factors(first with { K = 12 }, ConvolutionPass.Forward, FactorType.BFloat16), Is.EqualTo(FactorType.Float32));
        Assert.That(Factors(first with { R = 1, S = 1, PadH = 0, PadW = 0 }, ConvolutionPass.Forward, FactorType.BFloat16),
            Is.EqualTo(FactorType.Float32), "plain products read their input as it is");
        Assert.That(Factors(first with { K = 15 }, ConvolutionPass.Forward, FactorType.TF32), Is.EqualTo(FactorType.Float32));
        Assert.That(Factors(first, ConvolutionPass.InputGradient, FactorType.BFloat16), Is.EqualTo(FactorType.BFloat16));
        Assert.That(Factors(fours, ConvolutionPass.Forward, FactorType.TF32), Is.EqualTo(FactorType.TF32));
        Assert.That(Factors(fours, ConvolutionPass.Forward, FactorType.BFloat16), Is.EqualTo(FactorType.Float32));
        var choice = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, Smallest(FactorType.BFloat16));
        Assert.That(() => new ForwardLaunches(fours, Images, choice, isBFloat16X: true),
            Throws.ArgumentException.With.Message.Contains("whole runs of 8"));
        var ofFloats = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, Smallest(FactorType.TF32));
        Assert.That(() => new ForwardLaunches(grouped with { Groups = 1 }, Images, ofFloats, isBFloat16X: true),
            Throws.ArgumentException.With.Message.Contains("implicit GEMM 64x64x32 tf32"));
        Assert.That(() => new InputGradientLaunches(grouped with { Groups = 1 }, Images, choice),
            Throws.ArgumentException.With.Message.Contains("implicit GEMM 64x64x64 bf16"));

        static FactorType Factors(ConvolutionShape shape, ConvolutionPass pass, FactorType factors) =>
            ConvolutionChoice.For(shape, Images, pass, factors).Tile.Factors;
    }

    private static float[] Eighths(int count, int seed) => Numbers.Eighths(count, seed);

    private void Check(ConvolutionShape shape, TileShape tile)
    {
        bool isBFloat16 = tile.Factors == FactorType.BFloat16;
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        ConvolutionChoice choice = ConvolutionChoice.For(shape, Images, ConvolutionPass.Forward) with { Tile = tile };
        DeviceBuffer<float> y = Device.UnsetStored(numbers.Y.Length, isBFloat16), dx = Device.UnsetStored(numbers.X.Length, isBFloat16);
        Forward(new(shape, Images, choice, isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16), numbers, isBFloat16, y);
        InputGradient(new(shape, Images, choice, isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16), numbers, isBFloat16, dx);
        AssertStored($"y of {choice}", y, numbers.Y, isBFloat16);
        AssertStored($"dx of {choice}", dx, numbers.GradientX, isBFloat16);
    }

    private void Forward(
        ForwardLaunches plan, ConvolutionCase numbers, bool isBFloat16, DeviceBuffer<float> y, bool accumulate = false) => plan.Launch(
            Immediately, Device.Stored(numbers.X, isBFloat16), Device.Stored(numbers.Filter, isBFloat16),
            Device.Buffer<float>(numbers.Bias), y, y, default(Identity), accumulate);

    private void InputGradient(
        InputGradientLaunches plan, ConvolutionCase numbers, bool isBFloat16, DeviceBuffer<float> dx, bool accumulate = false) =>
        plan.Launch(
            Immediately, Device.Stored(numbers.GradientY, isBFloat16), Device.Stored(numbers.Filter, isBFloat16), dx, dx, accumulate);

    private static void AssertStored(string what, DeviceBuffer<float> actual, double[] expected, bool isBFloat16) => Closeness.Check(
        what, BFloat16Numbers.Values(actual, expected.Length, isBFloat16), Kept(expected, isBFloat16), 0);

    /// <summary>Returns what a tensor keeps of exact values.</summary>
    private static double[] Kept(double[] values, bool isBFloat16) =>
        isBFloat16 ? [.. values.Select(value => (double)(float)(BFloat16)(float)value)] : values;
}
