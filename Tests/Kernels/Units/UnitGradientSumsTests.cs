using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>
/// Gradients of inputs by matrix units that are taken through an activation as they are stored, and the sums that a norm's gradient needs,
/// compared with plain loops in double. Eighths are multiplied and summed without rounding.
/// </summary>
public sealed class UnitGradientSumsTests<TDevice> : UnitKernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 3, Real = 2;

    protected override void RunAll()
    {
        MatchesTheReference(new(8, 5, 4, 16, 3, 3, 2, 2, 1, 1, 1), FactorType.BFloat16, false);
        MatchesTheReference(new(8, 5, 5, 8, 1, 1, 1, 1, 0, 0, 1), FactorType.TF32, true);
    }

    private static IEnumerable<TestCaseData> Cases()
    {
        (string Name, ConvolutionShape Shape)[] shapes =
        [
            ("3x3, stride 2", new(8, 5, 4, 16, 3, 3, 2, 2, 1, 1, 1)),
            ("3x3, several tiles", new(72, 7, 8, 8, 3, 3, 1, 1, 1, 1, 1)),
            ("1x1", new(24, 5, 5, 8, 1, 1, 1, 1, 0, 0, 1)),
            ("phases without taps", new(8, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1)),
        ];
        return from shape in KernelVariants<TDevice>.Of(shapes)
               from factors in FactorTypes
               from accumulate in new[] { false, true }
               select new TestCaseData(shape.Shape, factors, accumulate)
                   .SetArgDisplayNames(shape.Name, factors.Name(), accumulate ? "added" : "written");
    }

    /// <param name="accumulate">Whether other readers have added to the gradient.</param>
    [TestCaseSource(nameof(Cases))]
    public void MatchesTheReference(ConvolutionShape shape, FactorType factors, bool accumulate) =>
        Check(shape, Smallest(factors), accumulate);

    /// <summary>The widest tile has half as many lines of sums.</summary>
    [Test]
    public void TheLargestTileMatchesTheReference([Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors) =>
        Check(new(136, 7, 8, 8, 1, 1, 1, 1, 0, 0, 1), TileShape.Of(factors)[0], false);

    private void Check(ConvolutionShape shape, TileShape tile, bool accumulate)
    {
        bool isBFloat16 = tile.Factors == FactorType.BFloat16;
        var numbers = new ConvolutionCase(shape, Images, (count, seed) => Numbers.Eighths(count, seed));
        int count = numbers.X.Length, channels = shape.C, area = shape.H * shape.W;
        float[] v = Numbers.Eighths(count, 7), z = Numbers.Eighths(count, 8), means = Numbers.Eighths(channels, 9);
        float[] others = accumulate ? Numbers.Eighths(count, 10) : new float[count];
        ConvolutionAlgorithm algorithm =
            ConvolutionChoice.IsPointwise(shape) ? ConvolutionAlgorithm.Gemm : ConvolutionAlgorithm.ImplicitGemm;
        var plan = new InputGradientLaunches(shape, Images, new(algorithm, tile), isBFloat16X: isBFloat16, isBFloat16Y: isBFloat16);
        int parts = plan.GradientParts!.Value;
        DeviceBuffer<float> dz = accumulate ? Device.Stored(others, isBFloat16) : Device.UnsetStored(count, isBFloat16);
        DeviceBuffer<float> sums = Device.Unset<float>(parts * 2 * channels);
        plan.LaunchGathering(
            Immediately, Device.Stored(numbers.GradientY, isBFloat16), Device.Stored(numbers.Filter, isBFloat16), dz,
            new GatheredGradients(
                Device.Buffer(new StepScalars { Images = Real }), Device.Stored(v, isBFloat16), Device.Stored(z, isBFloat16), isBFloat16,
                Device.Buffer<float>(means), sums, area),
            default(ReLU), accumulate);
        float[] expected = [.. numbers.GradientX.Select((value, i) => v[i] > 0 ? (float)(value + others[i]) : 0)];
        if (isBFloat16) expected = BFloat16Numbers.Rounded(expected);
        Assert.That(BFloat16Numbers.Values(dz, count, isBFloat16), Is.EqualTo(expected));
        for (int c = 0; c < channels; c++)
        {
            int[] places = [.. Enumerable.Range(0, Real * area).Select(row => row * channels + c)];
            double scale = 1e-6 * places.Sum(i => Math.Abs((double)expected[i]) * (1 + Math.Abs(z[i] - means[c])));
            Near("sum", 0, places.Sum(i => (double)expected[i]));
            Near("sum of products", 1, places.Sum(i => (double)expected[i] * ((double)z[i] - means[c])));

            void Near(string what, int kind, double total)
            {
                double gathered = Enumerable.Range(0, parts).Sum(part => (double)sums.Span[(2 * part + kind) * channels + c]);
                Assert.That(gathered, Is.EqualTo(total).Within(scale), $"{what} of channel {c}");
            }
        }
    }
}
