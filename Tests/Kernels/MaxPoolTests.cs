using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pooling;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class MaxPoolTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private static IEnumerable<TestCaseData> Windows =>
        PoolWindow.All.Select(window => new TestCaseData(window).SetArgDisplayNames(window.ToString()));

    protected override void RunAll()
    {
        PoolsLikeTheReference(new((3, 3), (2, 2), (1, 1), false, Shape.Volume(4, 5, 5)));
        PoolsLikeTheReference(new((3, 3), (2, 2), (1, 1), false, Shape.Volume(3, 5, 5)));
    }

    /// <summary>Values with many ties, and gradients whose sums need no rounding: winners and gradients are exact.</summary>
    [TestCaseSource(nameof(Windows))]
    public void PoolsLikeTheReference(PoolWindow window)
    {
        var reference = new ReferenceMaxPool2d(window.Size, window.Stride, window.Padding, window.CeilMode);
        Extent input = Extent.Of(3, window.Input), output = reference.Output(input);
        PoolShape shape = PoolShapes.Of(window, input, output);
        float[] x = Numbers.Eighths(input.Count, 1), dy = Numbers.Eighths(output.Count, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(ChannelsLast.From(x, input)), winners = Device.Unset<float>(output.Count);
        DeviceBuffer<float> y = Device.Unset<float>(output.Count), again = Device.Unset<float>(output.Count);
        DeviceBuffer<float> gradient = Device.Buffer<float>(ChannelsLast.From(dy, output)), dx = Device.Unset<float>(input.Count);

        var forward = new MaxPoolForward(shape.Lanes, true, from, y, winners, shape, 3);
        Run(forward, forward.Groups);
        var inference = new MaxPoolForward(shape.Lanes, false, from, again, default, shape, 3);
        Run(inference, inference.Groups);
        var backward = new MaxPoolBackward(shape.Lanes, gradient, winners, dx, shape, 3);
        Run(backward, backward.Groups);

        double[] wide = Numbers.ToDouble(x);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, output), reference.Forward(input, wide, []), 0);
        Closeness.CheckSameBits("y of inference", again.Span, y.Span);
        double[] expected = reference.Backward(input, wide, [], Numbers.ToDouble(dy)).Input;
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, input), expected, 0);
    }

    /// <summary>
    /// As on the CPU, the first NaN wins, and a window of the smallest values has a winner of its own.
    /// </summary>
    [TestCase(1)]
    [TestCase(4)]
    public void FirstNaNWins(int channels)
    {
        const float None = float.NaN, Least = float.NegativeInfinity;
        float[] plane = [1, None, Least, Least, None, 9, Least, Least];
        DeviceBuffer<float> x = Device.Buffer<float>([.. plane.SelectMany(value => Enumerable.Repeat(value, channels))]);
        DeviceBuffer<float> y = Device.Unset<float>(2 * channels), winners = Device.Unset<float>(2 * channels);
        var shape = new PoolShape(channels, 2, 4, 2, 2, 2, 2, 0, 0, 1, 2);
        var forward = new MaxPoolForward(shape.Lanes, true, x, y, winners, shape, 1);
        Run(forward, forward.Groups);
        Assert.Multiple(() =>
        {
            Assert.That(y.Span.ToArray(), Is.EqualTo(Enumerable.Repeat(None, channels).Concat(Enumerable.Repeat(Least, channels))));
            int[] places = [.. winners.Span.ToArray().Select(Bits.ToInt32)];
            Assert.That(places, Is.EqualTo(Enumerable.Repeat(1, channels).Concat(Enumerable.Repeat(2, channels))));
        });
    }
}
