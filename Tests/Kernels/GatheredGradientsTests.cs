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
/// Gradients of inputs that are taken through an activation as they are stored, and the sums that a norm's gradient needs, compared with
/// plain loops in double.
/// </summary>
public sealed class GatheredGradientsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 3, Real = 2;

    protected override void RunAll()
    {
        MatchesTheReference(new(8, 5, 4, 12, 3, 3, 2, 2, 1, 1, 1), false, false);
        MatchesTheReference(new(8, 5, 5, 4, 1, 1, 1, 1, 0, 0, 1), true, true);
    }

    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Case("3x3, stride 2", new(8, 5, 4, 12, 3, 3, 2, 2, 1, 1, 1), false);
        yield return Case("3x3, bfloat16", new(8, 5, 4, 12, 3, 3, 1, 1, 1, 1, 1), true);
        yield return Case("odd channels", new(5, 4, 5, 7, 3, 2, 1, 1, 1, 1, 1), true);
        yield return Case("1x1", new(8, 5, 5, 4, 1, 1, 1, 1, 0, 0, 1), false);
        yield return Case("1x1, bfloat16", new(12, 5, 5, 4, 1, 1, 1, 1, 0, 0, 1), true);
        yield return Case("phases without taps", new(4, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1), false);
        yield return Case("3x3, stride 2, added", new(8, 5, 4, 12, 3, 3, 2, 2, 1, 1, 1), false, true);
        yield return Case("odd channels, added", new(5, 4, 5, 7, 3, 2, 1, 1, 1, 1, 1), true, true);
        yield return Case("1x1, added", new(8, 5, 5, 4, 1, 1, 1, 1, 0, 0, 1), false, true);
        yield return Case("1x1, bfloat16, added", new(12, 5, 5, 4, 1, 1, 1, 1, 0, 0, 1), true, true);
        yield return Case("phases without taps, added", new(4, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1), false, true);

        static TestCaseData Case(string name, ConvolutionShape shape, bool isBFloat16, bool accumulate = false) =>
            new TestCaseData(shape, isBFloat16, accumulate).SetArgDisplayNames(name);
    }

    /// <param name="accumulate">Whether other readers have added to the gradient.</param>
    [TestCaseSource(nameof(Cases))]
    public void MatchesTheReference(ConvolutionShape shape, bool isBFloat16, bool accumulate)
    {
        Check<ReLU>(shape, TinyTile.Shape, isBFloat16, accumulate);
        if (typeof(TDevice) == typeof(DebugSampleDevice)) Check<Sigmoid>(shape, TinyTile.Shape, isBFloat16, accumulate);
    }

    private static IEnumerable<TileShape> Tiles => KernelVariants<TDevice>.Of(TileShape.All);

    /// <summary>More than one tile each way in all tiles.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void EveryTileMatchesTheReference(TileShape tile) => Check<ReLU>(new(tile.N + 4, 7, 8, 5, 2, 2, 1, 1, 0, 0, 1), tile, false);

    [Test]
    public void GroupsAndWrittenWindowsGatherNone()
    {
        var grouped = new ConvolutionShape(4, 5, 5, 8, 3, 3, 1, 1, 1, 1, 2);
        var plan = new InputGradientLaunches(grouped, Images);
        Assert.That(plan.GradientParts, Is.Null);
        Assert.That(
            new InputGradientLaunches(grouped with { Groups = 1 }, Images, new(ConvolutionAlgorithm.Im2Col, TinyTile.Shape)).GradientParts,
            Is.Null);
        Assert.That(
            () => plan.LaunchGathering(new ImmediateLaunches(Device), default, default, default, default, default(ReLU)),
            Throws.ArgumentException);
    }

    private void Check<TFunction>(ConvolutionShape shape, TileShape tile, bool isBFloat16, bool accumulate = false)
        where TFunction : unmanaged, IPointwise
    {
        var numbers = new ConvolutionCase(
            shape, Images, (count, seed) => isBFloat16 ? BFloat16Numbers.Rounded(Numbers.Reals(count, seed)) : Numbers.Reals(count, seed));
        int count = numbers.X.Length, channels = shape.C, area = shape.H * shape.W;
        float[] v = BFloat16Numbers.Rounded(Numbers.Reals(count, 7)), z = BFloat16Numbers.Rounded(Numbers.Reals(count, 8));
        float[] means = Numbers.Reals(channels, 9);
        float[] others = accumulate ? BFloat16Numbers.Rounded(Numbers.Reals(count, 10)) : new float[count];
        ConvolutionAlgorithm algorithm =
            ConvolutionChoice.IsPointwise(shape) ? ConvolutionAlgorithm.Gemm : ConvolutionAlgorithm.ImplicitGemm;
        var plan = new InputGradientLaunches(
            shape, Images, new(algorithm, tile), isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16);
        int parts = plan.GradientParts!.Value;
        DeviceBuffer<float> dz = accumulate ? Device.Stored(others, isBFloat16) : Device.UnsetStored(count, isBFloat16);
        DeviceBuffer<float> sums = Device.Unset<float>(parts * 2 * channels);
        plan.LaunchGathering(
            new ImmediateLaunches(Device), Device.Stored(numbers.GradientY, isBFloat16), Device.Buffer<float>(numbers.Filter), dz,
            new GatheredGradients(
                Device.Buffer(new StepScalars { Images = Real }), Device.Stored(v, isBFloat16), Device.Stored(z, isBFloat16), isBFloat16,
                Device.Buffer<float>(means), sums, area),
            default(TFunction), accumulate);
        double[] expected = [.. numbers.GradientX.Select((value, i) =>
            (value + others[i]) * PointwiseFunctions.Backward(default(TFunction), v[i], 1))];
        float[] actual = BFloat16Numbers.Values(dz, count, isBFloat16);
        BFloat16Numbers.Check("dz", actual, expected, Closeness.Tolerance(numbers.LongestSum, Math.Pow(2, -24), expected, 1), isBFloat16);
        for (int c = 0; c < channels; c++)
        {
            int[] places = [.. Enumerable.Range(0, Real * area).Select(row => row * channels + c)];
            double scale = 1e-6 * places.Sum(i => Math.Abs((double)actual[i]) * (1 + Math.Abs(z[i] - means[c])));
            Near("sum", 0, places.Sum(i => (double)actual[i]));
            Near("sum of products", 1, places.Sum(i => (double)actual[i] * ((double)z[i] - means[c])));

            void Near(string what, int kind, double total)
            {
                double gathered = Enumerable.Range(0, parts).Sum(part => (double)sums.Span[(2 * part + kind) * channels + c]);
                Assert.That(gathered, Is.EqualTo(total).Within(scale), $"{what} of channel {c}");
            }
        }
    }
}
