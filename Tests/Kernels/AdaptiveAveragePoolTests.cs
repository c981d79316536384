using GpuCnn.Kernels.Pooling;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AdaptiveAveragePoolTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        PoolsLikeTheReference(7, 5, 3, 2, 5);
        PoolsLikeTheReference(7, 5, 3, 2, 4);
        PoolsBFloat16(16, true, true);
    }

    [TestCase(13, 13, 6, 6, 5)]
    [TestCase(6, 12, 6, 3, 8)]
    [TestCase(2, 3, 5, 7, 5)]
    [TestCase(31, 1, 4, 1, 12)]
    public void PoolsLikeTheReference(int height, int width, int rows, int columns, int channels)
    {
        var input = new Extent(3, channels, height, width);
        var reference = new ReferenceAdaptiveAvgPool2d(rows, columns);
        Extent output = reference.Output(input);
        float[] x = Numbers.Reals(input.Count, 1), gradient = Numbers.Reals(output.Count, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(ChannelsLast.From(x, input)),
            dy = Device.Buffer<float>(ChannelsLast.From(gradient, output));
        DeviceBuffer<float> y = Device.Unset<float>(output.Count), dx = Device.Unset<float>(input.Count);
        AdaptiveBins vertical = new(height, rows), horizontal = new(width, columns);
        var forward = AdaptiveAveragePoolForward.Of(false, false, from, y, vertical, horizontal, channels, 3);
        Run(forward, forward.Groups);
        var backward = AdaptiveAveragePoolBackward.Of(false, false, dy, dx, vertical, horizontal, channels, 3);
        Run(backward, backward.Groups);
        double[] wide = Numbers.ToDouble(x);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, output), reference.Forward(input, wide, []), 1e-6);
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, input),
            reference.Backward(input, wide, [], Numbers.ToDouble(gradient)).Input, 4e-6);
    }

    /// <summary>Gives what floats of the same values give, rounded: by eight channels, by four and one by one.</summary>
    [TestCase(16, true, true)]
    [TestCase(12, true, true)]
    [TestCase(5, true, true)]
    [TestCase(8, false, true)]
    [TestCase(8, true, false)]
    public void PoolsBFloat16(int channels, bool isBFloat16X, bool isBFloat16Y)
    {
        AdaptiveBins rows = new(7, 3), columns = new(5, 2);
        int inputs = 3 * channels * 7 * 5, outputs = 3 * channels * 3 * 2;
        float[] x = StoredTensor.Rounded(Numbers.Reals(inputs, 1)), dy = StoredTensor.Rounded(Numbers.Reals(outputs, 2));
        (DeviceBuffer<float> y, DeviceBuffer<float> dx) = Pool(false, false);
        (DeviceBuffer<float> storedY, DeviceBuffer<float> storedX) = Pool(isBFloat16X, isBFloat16Y);
        StoredTensor.Check("y", storedY, StoredTensor.Rounded(y.Span.ToArray(), isBFloat16Y), isBFloat16Y);
        StoredTensor.Check("dx", storedX, StoredTensor.Rounded(dx.Span.ToArray(), isBFloat16X), isBFloat16X);

        (DeviceBuffer<float> Y, DeviceBuffer<float> X) Pool(bool isBFloat16X, bool isBFloat16Y)
        {
            DeviceBuffer<float> from = StoredTensor.Buffer(Device, x, isBFloat16X), gradient = StoredTensor.Buffer(Device, dy, isBFloat16Y);
            DeviceBuffer<float> y = Device.UnsetStored(outputs, isBFloat16Y), dx = Device.UnsetStored(inputs, isBFloat16X);
            var forward = AdaptiveAveragePoolForward.Of(isBFloat16X, isBFloat16Y, from, y, rows, columns, channels, 3);
            Run(forward, forward.Groups);
            var backward = AdaptiveAveragePoolBackward.Of(isBFloat16Y, isBFloat16X, gradient, dx, rows, columns, channels, 3);
            Run(backward, backward.Groups);
            return (y, dx);
        }
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
