using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>Compares gradients of filters by matrix units with plain loops in double.</summary>
public sealed class UnitFilterGradientTests<TDevice> : UnitKernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 2;

    protected override void RunAll()
    {
        EveryShapeMatchesTheReference(new(8, 5, 6, 8, 3, 3, 2, 1, 1, 1, 1), FactorType.BFloat16);
        PartsAreAddedInOrder(FactorType.TF32);
        ChannelsThatAreNoWholeLoadsArePacked(new(3, 9, 11, 8, 7, 7, 2, 2, 3, 3, 1), 32, FactorType.BFloat16, false);
    }

    private static IEnumerable<TestCaseData> Shapes()
    {
        (string Name, ConvolutionShape Shape)[] cases =
        [
            ("strides that do not divide", new(8, 9, 8, 24, 3, 5, 2, 3, 1, 2, 1)),
            ("a tap ends within a tile's rows", new(24, 5, 6, 8, 3, 3, 1, 1, 1, 1, 1)),
            ("several tiles each way", new(40, 3, 4, 80, 2, 2, 1, 1, 0, 1, 1)),
            ("windows that are all padding", new(8, 3, 4, 8, 2, 2, 2, 1, 3, 2, 1)),
            ("a filter larger than the map, strided", new(8, 2, 3, 8, 7, 5, 2, 2, 4, 3, 1)),
            ("one tap", new(8, 5, 5, 16, 1, 1, 1, 1, 0, 0, 1)),
            ("one tap, strided", new(16, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1)),
        ];
        return from shape in KernelVariants<TDevice>.Of(cases)
               from factors in FactorTypes
               select new TestCaseData(shape.Shape, factors).SetArgDisplayNames(shape.Name, factors.Name());
    }

    /// <summary>Eighths are held by TF32 and by bfloat16 and are summed without rounding, so results must be equal.</summary>
    [TestCaseSource(nameof(Shapes))]
    public void EveryShapeMatchesTheReference(ConvolutionShape shape, FactorType factors)
    {
        var choice = ConvolutionChoice.For(shape, Images, ConvolutionPass.FilterGradient, factors);
        Assert.That(choice.Tile.Factors, Is.EqualTo(factors));
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        Closeness.Check($"dw of {choice}", Gradient(shape, Images, choice, numbers).Span, numbers.GradientFilter, 0);
    }

    private static IEnumerable<TileShape> Tiles =>
        FactorTypes.SelectMany(factors => KernelVariants<TDevice>.Of(TileShape.Of(factors)));

    /// <summary>More than one tile each way, also of the largest.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void EveryTileMatchesTheReference(TileShape tile)
    {
        var shape = new ConvolutionShape(16, 6, 5, tile.N + 8, 3, 3, 1, 1, 1, 1, 1);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        var choice = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, tile);
        Closeness.Check($"dw of {choice}", Gradient(shape, Images, choice, numbers).Span, numbers.GradientFilter, 0);
    }

    /// <summary>The sum of a part ends where the next begins, and all are added to what is there.</summary>
    [TestCase(FactorType.TF32)]
    [TestCase(FactorType.BFloat16)]
    public void PartsAreAddedInOrder(FactorType factors)
    {
        const int Pictures = 5;
        var shape = new ConvolutionShape(8, 15, 16, 8, 1, 2, 1, 1, 0, 1, 1);
        TileShape tile = Smallest(factors);
        var choice = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, tile);
        var numbers = new ConvolutionCase(shape, Pictures, Eighths);
        DeviceBuffer<float> dw = Device.Buffer<float>([.. Enumerable.Repeat(3f, numbers.GradientFilter.Length)]);
        (_, int pixels) = TileChoice.Parts(1, Pictures * shape.OutputArea, tile);
        Assert.That(new FilterGradientLaunches(
            shape, Pictures, choice, isBFloat16X: tile.Factors == FactorType.BFloat16, isBFloat16Y: tile.Factors == FactorType.BFloat16)
            .WorkspaceFloats, Is.GreaterThan(numbers.GradientFilter.Length));
        Assert.That(pixels % tile.K, Is.Zero);
        Gradient(shape, Pictures, choice, numbers, dw);
        Closeness.Check("dw", dw.Span, [.. numbers.GradientFilter.Select(value => value + 3)], 0);
    }

    private static IEnumerable<TestCaseData> PackedShapes()
    {
        (string Name, ConvolutionShape Shape, int Images)[] cases =
        [
            ("7x7, stride 2, in parts", new(3, 9, 11, 8, 7, 7, 2, 2, 3, 3, 1), 64),
            ("3x3", new(3, 6, 5, 72, 3, 3, 1, 1, 1, 1, 1), 1),
            ("one channel, no padding", new(1, 7, 7, 8, 5, 5, 1, 1, 0, 0, 1), 2),
            ("11x11, stride 4, a remainder", new(3, 15, 14, 16, 11, 11, 4, 4, 2, 2, 1), 2),
            ("two channels, stride 3", new(2, 7, 9, 8, 2, 5, 3, 3, 1, 2, 1), 2),
            ("five channels", new(5, 4, 5, 8, 2, 3, 1, 1, 1, 1, 1), 2),
            ("twelve channels, a tap, strided", new(12, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1), 2),
            ("whole loads that are rounded", new(8, 5, 4, 8, 3, 3, 2, 1, 1, 1, 1), 2),
        ];
        // The copy differs by stride and channels. What a processor compiles as CUDA C is the same for all.
        return from shape in typeof(TDevice) == typeof(DebugSampleDevice) ? cases : cases[..3]
               from stored in ((FactorType Factors, bool IsBFloat16)[])
                   [(FactorType.TF32, false), (FactorType.BFloat16, false), (FactorType.BFloat16, true)]
               select new TestCaseData(shape.Shape, shape.Images, stored.Factors, stored.IsBFloat16)
                   .SetArgDisplayNames(shape.Name, stored.Factors.Name(), stored.IsBFloat16 ? "of bfloat16" : "of floats");
    }

    /// <summary>First layers read floats, and gradients that are stored as the factors are. Padding reaches no weight.</summary>
    [TestCaseSource(nameof(PackedShapes))]
    public void ChannelsThatAreNoWholeLoadsArePacked(ConvolutionShape shape, int images, FactorType factors, bool isBFloat16)
    {
        var numbers = new ConvolutionCase(shape, images, Eighths);
        var choice = ConvolutionChoice.For(shape, images, ConvolutionPass.FilterGradient, factors);
        Assert.That(choice.Tile.Factors, Is.EqualTo(factors));
        Closeness.Check("dw", Gradient(shape, images, choice, numbers, isBFloat16X: isBFloat16).Span, numbers.GradientFilter, 0);
        DeviceBuffer<float> dw = Device.Buffer<float>([.. Enumerable.Repeat(3f, numbers.GradientFilter.Length)]);
        Gradient(shape, images, choice, numbers, dw, isBFloat16);
        Closeness.Check("dw added to", dw.Span, [.. numbers.GradientFilter.Select(value => value + 3)], 0);
    }

    /// <summary>
    /// Each factor is rounded as its precision is, once; sums are float32. Against exact sums of rounded factors, in units of the longest
    /// sum's rounding.
    /// </summary>
    [TestCase(FactorType.TF32)]
    [TestCase(FactorType.BFloat16)]
    public void FactorsAreRoundedOnceAndSumsAreFloat32(FactorType factors)
    {
        var shape = new ConvolutionShape(16, 9, 7, 24, 3, 3, 2, 1, 1, 1, 1);
        var exact = new ConvolutionCase(shape, Images, (count, seed) => Numbers.Reals(count, seed));
        var rounded = new ConvolutionCase(shape, Images, (count, seed) => Rounded(Numbers.Reals(count, seed), factors));
        var choice = ConvolutionChoice.For(shape, Images, ConvolutionPass.FilterGradient, factors);
        float[] actual = Gradient(shape, Images, choice, exact).Span.ToArray();
        int terms = Images * shape.OutputArea;
        Closeness.Check("dw of rounded factors", actual, rounded.GradientFilter, terms * 6e-8 * Math.Sqrt(terms));
        // Two factors of at most 1, each off by at most half a unit of its last place.
        double unit = factors == FactorType.BFloat16 ? 1.0 / 256 : 1.0 / 2048;
        Closeness.Check("dw", actual, exact.GradientFilter, 2 * unit * Math.Sqrt(terms) * Scale(exact.X) * Scale(exact.GradientY));
    }

    [Test]
    public void WhatUnitsCannotLoadGoesToFloat32()
    {
        ConvolutionShape first = new(3, 9, 9, 16, 3, 3, 1, 1, 1, 1, 1), fours = new(12, 5, 5, 12, 3, 3, 1, 1, 1, 1, 1);
        Assert.That(Factors(first, FactorType.TF32), Is.EqualTo(FactorType.TF32));
        Assert.That(Factors(first, FactorType.BFloat16), Is.EqualTo(FactorType.BFloat16));
        Assert.That(Factors(first with { K = 12 }, FactorType.BFloat16), Is.EqualTo(FactorType.Float32));
        Assert.That(Factors(fours, FactorType.TF32), Is.EqualTo(FactorType.TF32));
        Assert.That(Factors(fours, FactorType.BFloat16), Is.EqualTo(FactorType.Float32));
        Assert.That(Factors(fours with { Groups = 3 }, FactorType.TF32), Is.EqualTo(FactorType.Float32));
        var choice = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, Smallest(FactorType.BFloat16));
        Assert.That(() => new FilterGradientLaunches(fours with { C = 16, K = 16 }, Images, choice, isBFloat16X: true),
            Throws.ArgumentException.With.Message.Contains("multiplies gradients of BFloat16, but got floats"));
        Assert.That(() => new FilterGradientLaunches(
            fours, Images, new(ConvolutionAlgorithm.ImplicitGemm, Smallest(FactorType.TF32)), isBFloat16Y: true),
            Throws.ArgumentException.With.Message.Contains("multiplies gradients of TF32, but got bfloat16"));

        static FactorType Factors(ConvolutionShape shape, FactorType factors) =>
            ConvolutionChoice.For(shape, Images, ConvolutionPass.FilterGradient, factors).Tile.Factors;
    }

    private static float[] Eighths(int count, int seed) => Numbers.Eighths(count, seed);

    private static double Scale(float[] values) => values.Max(Math.Abs);

    private DeviceBuffer<float> Gradient(
        ConvolutionShape shape, int images, ConvolutionChoice choice, ConvolutionCase numbers, DeviceBuffer<float>? there = null,
        bool? isBFloat16X = null)
    {
        bool isBFloat16 = choice.Tile.Factors == FactorType.BFloat16, isX = isBFloat16X ?? isBFloat16;
        var plan = new FilterGradientLaunches(shape, images, choice, isBFloat16X: isX, isBFloat16Y: isBFloat16);
        DeviceBuffer<float> dw = there ?? Device.Unset<float>(numbers.GradientFilter.Length);
        plan.Launch(
            Immediately, Device.Stored(numbers.X, isX), Device.Stored(numbers.GradientY, isBFloat16), dw,
            Workspace(plan.WorkspaceFloats), accumulate: there is not null);
        return dw;
    }
}
