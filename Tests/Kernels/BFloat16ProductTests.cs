using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// Compares products whose tensors are stored as bfloat16 with plain loops in double of the same values. Sums are floats and rounded once,
/// as they are stored.
/// </summary>
public sealed class BFloat16ProductTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 2;

    // Input and output as they are within a network, at its begin, and at its end.
    private static readonly (bool X, bool Y)[] Stores = [(true, true), (false, true), (true, false)];

    protected override void RunAll()
    {
        ConvolutionsMatchTheReference(new(4, 5, 5, 8, 3, 3, 2, 1, 1, 1, 1));
        ConvolutionsMatchTheReference(new(3, 5, 4, 6, 2, 3, 1, 1, 0, 1, 3));
        ProductInPartsMatchesTheReference();
        MomentsAreOfTheStoredValues();
    }

    private static IEnumerable<ConvolutionShape> Shapes() =>
    [
        new(4, 5, 5, 8, 3, 3, 2, 1, 1, 1, 1), new(8, 5, 5, 4, 1, 1, 1, 1, 0, 0, 1), new(3, 5, 4, 6, 2, 3, 1, 1, 0, 1, 3),
        new(5, 4, 5, 7, 1, 1, 1, 1, 0, 0, 1),
    ];

    [TestCaseSource(nameof(Shapes))]
    public void ConvolutionsMatchTheReference(ConvolutionShape shape)
    {
        var numbers = new ConvolutionCase(shape, Images, Rounded);
        double tolerance = Closeness.Tolerance(numbers.LongestSum, Math.Pow(2, -24), [2]);
        foreach ((bool isX, bool isY) in KernelVariants<TDevice>.Of(Stores))
        {
            foreach (ConvolutionChoice choice in Choices(shape))
            {
                DeviceBuffer<float> x = Device.Stored(numbers.X, isX), dy = Device.Stored(numbers.GradientY, isY);
                DeviceBuffer<float> filter = Device.Buffer<float>(numbers.Filter), bias = Device.Buffer<float>(numbers.Bias);
                DeviceBuffer<float> y = Device.UnsetStored(numbers.Y.Length, isY), dw = Device.Unset<float>(numbers.Filter.Length);
                float[] there = Rounded(numbers.X.Length, 9);
                DeviceBuffer<float> dx = Device.UnsetStored(there.Length, isX), sum = Device.Stored(there, isX);
                var forward = new ForwardLaunches(shape, Images, choice, isBFloat16X: isX, isBFloat16Y: isY);
                forward.Launch(Immediately, x, filter, bias, y, Workspace(forward.WorkspaceFloats), default(Identity));
                var inputs = new InputGradientLaunches(shape, Images, choice, isBFloat16X: isX, isBFloat16Y: isY);
                inputs.Launch(Immediately, dy, filter, dx, Workspace(inputs.WorkspaceFloats));
                inputs.Launch(Immediately, dy, filter, sum, Workspace(inputs.WorkspaceFloats), accumulate: true);
                var filters = new FilterGradientLaunches(shape, Images, choice, isBFloat16X: isX, isBFloat16Y: isY);
                filters.Launch(Immediately, x, dy, dw, Workspace(filters.WorkspaceFloats));
                string of = $" of {choice}, {isX}, {isY}";
                BFloat16Numbers.Check("y" + of, Values(y, numbers.Y.Length, isY), numbers.Y, tolerance, isY);
                BFloat16Numbers.Check("dx" + of, Values(dx, there.Length, isX), numbers.GradientX, tolerance, isX);
                BFloat16Numbers.Check("dw" + of, dw.Span, numbers.GradientFilter, tolerance, false);
                // A phase without taps adds nothing, which rounding does not change.
                BFloat16Numbers.Check("dx that adds" + of, Values(sum, there.Length, isX),
                    [.. numbers.GradientX.Select((value, i) => value + there[i])], tolerance, isX);
            }
            var sums = new ColumnSumsLaunches(numbers.Y.Length / shape.K, shape.K, isY);
            DeviceBuffer<float> db = Device.Unset<float>(shape.K);
            sums.Launch(Immediately, Device.Stored(numbers.GradientY, isY), db, Workspace(sums.WorkspaceFloats));
            BFloat16Numbers.Check("db", db.Span, numbers.GradientBias, tolerance, false);
        }
    }

    /// <summary>A long reduction: parts are floats, and their sum is rounded.</summary>
    [Test]
    public void ProductInPartsMatchesTheReference()
    {
        const int M = 5, N = 7, K = 301;
        float[] a = Rounded(M * K, 1), b = Rounded(K * N, 2), bias = Numbers.Reals(N, 3);
        double[] expected = [.. Enumerable.Range(0, M * N).Select(i =>
            Math.Max(0, bias[i % N] + Enumerable.Range(0, K).Sum(k => (double)a[i / N * K + k] * b[k * N + i % N])))];
        var plan = new MatrixProductLaunches(
            new() { M = M, N = N, K = K }, tile: TinyTile.Shape, isBFloat16A: true, isBFloat16B: true, isBFloat16C: true);
        Assert.That(plan.Parts, Is.GreaterThan(5));
        DeviceBuffer<float> c = Device.UnsetStored(M * N, true);
        plan.Launch(
            Immediately, Device.Stored(a, true), Device.Stored(b, true), Device.Buffer<float>(bias), c, Workspace(plan.WorkspaceFloats),
            default(ReLU));
        BFloat16Numbers.Check("c", Values(c, M * N, true), expected, Closeness.Tolerance(K, Math.Pow(2, -24), expected), true);
    }

    /// <summary>Rounding moves values that are close to each other by more than their distance, and their moments with them.</summary>
    [Test]
    public void MomentsAreOfTheStoredValues()
    {
        foreach (ConvolutionAlgorithm algorithm in KernelVariants<TDevice>.Of(Enum.GetValues<ConvolutionAlgorithm>()))
        {
            int size = algorithm == ConvolutionAlgorithm.Gemm ? 1 : 3;
            var shape = new ConvolutionShape(4, 5, 5, 12, size, size, 1, 1, size / 2, size / 2, 1);
            int rows = Images * shape.OutputArea, tiles = (rows + TinyTile.Shape.M - 1) / TinyTile.Shape.M;
            float[] bias = [.. Numbers.Reals(shape.K, 3).Select(value => 100 * value)];
            var plan = new ForwardLaunches(shape, Images, new(algorithm, TinyTile.Shape), isBFloat16X: true, isBFloat16Y: true);
            DeviceBuffer<float> y = Device.UnsetStored(rows * shape.K, true), moments = Device.Unset<float>(tiles * 3 * shape.K);
            plan.Launch(
                Immediately, Device.Stored(Rounded(Images * 25 * 4, 1), true), Device.Buffer<float>(Numbers.Reals(size * size * 4 * 12, 2)),
                Device.Buffer<float>(bias), y, Workspace(plan.WorkspaceFloats), default(Identity),
                moments: new(Device.Buffer(new StepScalars { Images = Images }), moments, shape.OutputArea));
            float[] stored = Values(y, rows * shape.K, true);
            for (int i = 0; i < tiles * shape.K; i++)
            {
                int tile = i / shape.K, k = i % shape.K, first = tile * TinyTile.Shape.M, at = tile * 3 * shape.K + k;
                double[] values = [.. Enumerable.Range(first, Math.Min(TinyTile.Shape.M, rows - first))
                    .Select(row => (double)stored[row * shape.K + k])];
                double mean = values.Average(), spread = values.Sum(value => Math.Pow(value - mean, 2));
                Assert.That((double)moments.Span[at], Is.EqualTo(values[0]), $"first value of channel {k} in tile {tile}");
                Assert.That(moments.Span[at] + (double)moments.Span[at + shape.K], Is.EqualTo(mean).Within(1e-6 * (1 + Math.Sqrt(spread))));
                Assert.That((double)moments.Span[at + 2 * shape.K], Is.EqualTo(spread).Within(1e-5 * spread));
            }
        }
    }

    [Test]
    public void ALibraryTakesFloats() => Assert.That(
        () => new MatrixProductLaunches(new() { M = 3, N = 5, K = 4 }, byLibrary: true, isBFloat16B: true),
        Throws.ArgumentException.With.Message.Contains("take a tile"));

    private static float[] Rounded(int count, int seed) => BFloat16Numbers.Rounded(Numbers.Reals(count, seed));

    private static float[] Values(DeviceBuffer<float> buffer, int count, bool isBFloat16) =>
        BFloat16Numbers.Values(buffer, count, isBFloat16);

    private static IEnumerable<ConvolutionChoice> Choices(ConvolutionShape shape) =>
        ConvolutionChoice.Candidates(shape, Images, ConvolutionPass.Forward).Select(choice => choice with { Tile = TinyTile.Shape })
            .Distinct();

    private ImmediateLaunches Immediately => new(Device);

    private DeviceBuffer<float> Workspace(long floats) => Device.Unset<float>((int)floats);
}
