using GpuCnn.Kernels.Pooling;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AdaptiveAveragePoolTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => PoolsLikeTheReference(7, 5, 3, 2);

    [TestCase(13, 13, 6, 6)]
    [TestCase(6, 12, 6, 3)]
    [TestCase(2, 3, 5, 7)]
    [TestCase(31, 1, 4, 1)]
    public void PoolsLikeTheReference(int height, int width, int rows, int columns)
    {
        var input = new Extent(3, 5, height, width);
        var reference = new ReferenceAdaptiveAvgPool2d(rows, columns);
        Extent output = reference.Output(input);
        float[] x = Numbers.Reals(input.Count, 1), gradient = Numbers.Reals(output.Count, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(ChannelsLast.From(x, input)),
            dy = Device.Buffer<float>(ChannelsLast.From(gradient, output));
        DeviceBuffer<float> y = Device.Unset<float>(output.Count), dx = Device.Unset<float>(input.Count);
        AdaptiveBins vertical = new(height, rows), horizontal = new(width, columns);
        var forward = new AdaptiveAveragePoolForward(from, y, vertical, horizontal, new(5), 3);
        Run(forward, forward.Groups);
        var backward = new AdaptiveAveragePoolBackward(dy, dx, vertical, horizontal, new(5), 3);
        Run(backward, backward.Groups);
        double[] wide = Numbers.ToDouble(x);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, output), reference.Forward(input, wide, []), 1e-6);
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, input),
            reference.Backward(input, wide, [], Numbers.ToDouble(gradient)).Input, 4e-6);
    }

    /// <summary>A bin and a pixel agree on whether the pixel belongs to the bin.</summary>
    [Test]
    public void BinsAndPixelsAgree() => Assert.Multiple(() =>
    {
        for (int pixels = 1; pixels < 20; pixels++)
            for (int bins = 1; bins < 20; bins++)
            {
                var division = new AdaptiveBins(pixels, bins);
                for (int pixel = 0; pixel < pixels; pixel++)
                    for (int bin = 0; bin < bins; bin++)
                        Assert.That(In(division.BinsOf(pixel), bin), Is.EqualTo(In(division.PixelsOf(bin), pixel)),
                            $"pixel {pixel} of {pixels}, bin {bin} of {bins}");
            }

        static bool In((int First, int Last) range, int value) => value >= range.First && value < range.Last;
    });
}
