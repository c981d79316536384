using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Compares the moments that convolutions gather of their output with those of the stored output, in double.</summary>
public sealed class GatheredMomentsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 3;

    protected override void RunAll()
    {
        MomentsMatchTheStoredOutput(ConvolutionAlgorithm.ImplicitGemm, TinyTile.Shape, true);
        MomentsMatchTheStoredOutput(ConvolutionAlgorithm.Gemm, TinyTile.Shape, true);
    }

    private static IEnumerable<TestCaseData> Cases() =>
        from algorithm in Enum.GetValues<ConvolutionAlgorithm>()
        from tile in KernelVariants<TDevice>.Of([TinyTile.Shape, .. TileShape.All])
        from bias in KernelVariants<TDevice>.Of([true, false])
        select new TestCaseData(algorithm, tile, bias)
            .SetArgDisplayNames($"{new ConvolutionChoice(algorithm, tile)}{(bias ? ", bias" : "")}");

    /// <summary>
    /// Values far from 0 and close to each other; tiles of which all rows count, some, or none; more than one tile each way. Unused images
    /// hold NaN.
    /// </summary>
    [TestCaseSource(nameof(Cases))]
    public void MomentsMatchTheStoredOutput(ConvolutionAlgorithm algorithm, TileShape tile, bool bias)
    {
        int size = algorithm == ConvolutionAlgorithm.Gemm ? 1 : 3, filters = tile.N + 4;
        var shape = new ConvolutionShape(3, 7, 9, filters, size, size, 1, 1, size / 2, size / 2, 1);
        float[] x = Numbers.Reals(Images * 63 * 3, 1), filter = Numbers.Reals(size * size * 3 * filters, 2);
        float[] biases = [.. Numbers.Reals(filters, 3).Select(value => 1000 * value)];
        if (!bias)
        {
            // A channel of ones replaces the bias.
            for (int i = 0; i < x.Length; i += 3) x[i] = 1;
            for (int k = 0; k < filters; k++) filter[(size * size / 2 * 3 * filters) + k] = biases[k];
        }
        for (int real = 0; real <= Images; real++)
        {
            Array.Fill(x, float.NaN, real * 63 * 3, (Images - real) * 63 * 3);
            Check(shape, new(algorithm, tile), x, filter, bias ? biases : null, real);
            Numbers.Reals(x.Length, 1).CopyTo(x, 0);
            if (bias) continue;
            for (int i = 0; i < x.Length; i += 3) x[i] = 1;
        }
    }

    [Test]
    public void GroupsAndPartialWindowsGatherNoMoments()
    {
        var grouped = new ConvolutionShape(4, 5, 5, 8, 3, 3, 1, 1, 1, 1, 2);
        Assert.That(new ForwardLaunches(grouped, Images).MomentRows, Is.Null);
        var im2col = new ConvolutionChoice(ConvolutionAlgorithm.Im2Col, TinyTile.Shape);
        Assert.That(new ForwardLaunches(grouped with { Groups = 1 }, Images, im2col).MomentRows, Is.EqualTo(TinyTile.Shape.M));
        var pieces = new ForwardLaunches(grouped with { Groups = 1 }, Images, im2col, mostColumns: 1);
        Assert.That(pieces.MomentRows, Is.Null);
        DeviceBuffer<float> any = Device.Unset<float>(4);
        Assert.That(
            () => pieces.Launch(new ImmediateLaunches(Device), any, any, null, any, any, default(Identity), moments: new(default, any, 25)),
            Throws.ArgumentException);
    }

    private void Check(ConvolutionShape shape, ConvolutionChoice choice, float[] x, float[] filter, float[]? bias, int real)
    {
        var plan = new ForwardLaunches(shape, Images, choice);
        Assert.That(plan.MomentRows, Is.EqualTo(choice.Tile.M));
        int rows = Images * shape.OutputArea, tiles = (rows + choice.Tile.M - 1) / choice.Tile.M;
        DeviceBuffer<float> y = Device.Unset<float>(rows * shape.K), moments = Device.Unset<float>(tiles * 3 * shape.K);
        DeviceBuffer<float> workspace = Device.Unset<float>((int)plan.WorkspaceFloats);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars { Images = real });
        plan.Launch(
            new ImmediateLaunches(Device), Device.Buffer<float>(x), Device.Buffer<float>(filter),
            bias is null ? null : (ReadOnlyView<float>)Device.Buffer<float>(bias), y, workspace, default(Identity),
            moments: new(scalars, moments, shape.OutputArea));
        for (int tile = 0; tile < tiles; tile++)
        {
            int first = tile * choice.Tile.M, end = Math.Min(first + choice.Tile.M, real * shape.OutputArea);
            for (int k = 0; k < shape.K; k++)
            {
                double[] values = [.. Enumerable.Range(first, Math.Max(0, end - first)).Select(row => (double)y.Span[row * shape.K + k])];
                double mean = values.Length == 0 ? 0 : values.Average(), spread = values.Sum(value => Math.Pow(value - mean, 2));
                double scale = Math.Sqrt(spread / Math.Max(1, values.Length));
                int at = tile * 3 * shape.K + k;
                Near("first", moments.Span[at], values.Length == 0 ? 0 : values[0], 0);
                Near("mean", moments.Span[at] + (double)moments.Span[at + shape.K], mean, 4e-6 * scale);
                Near("spread", moments.Span[at + 2 * shape.K], spread, 4e-6 * spread);

                void Near(string what, double actual, double expected, double tolerance)
                {
                    if (!(Math.Abs(actual - expected) <= tolerance))
                        Assert.Fail($"{what} of channel {k} in tile {tile} with {real} real images: {actual:R} instead of {expected:R}, "
                            + $"tolerance {tolerance:E2}");
                }
            }
        }
    }
}
