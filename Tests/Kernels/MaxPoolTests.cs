using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
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
        PoolWindow.All.Append(PoolShapes.Stored[^1]).Select(window => new TestCaseData(window).SetArgDisplayNames(window.ToString()));

    protected override void RunAll()
    {
        PoolsLikeTheReference(new((3, 3), (2, 2), (1, 1), false, Shape.Volume(4, 5, 5)));
        PoolsLikeTheReference(new((3, 3), (2, 2), (1, 1), false, Shape.Volume(3, 5, 5)));
        PoolsBFloat16(PoolShapes.Stored[0], true, true);
        PoolsBFloat16(PoolShapes.Stored[1], true, true);
    }

    /// <summary>Values with many ties, and gradients whose sums need no rounding: winners and gradients are exact.</summary>
    [TestCaseSource(nameof(Windows))]
    public void PoolsLikeTheReference(PoolWindow window)
    {
        var reference = new ReferenceMaxPool2d(window.Size, window.Stride, window.Padding, window.CeilMode);
        Extent input = Extent.Of(3, window.Input), output = reference.Output(input);
        PoolShape shape = PoolShapes.Of(window, input, output);
        float[] x = Numbers.Eighths(input.Count, 1), dy = Numbers.Eighths(output.Count, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(ChannelsLast.From(x, input)),
            winners = Device.Unset<float>((int)PoolWinners.Floats(shape, output.Count));
        DeviceBuffer<float> y = Device.Unset<float>(output.Count), again = Device.Unset<float>(output.Count);
        DeviceBuffer<float> gradient = Device.Buffer<float>(ChannelsLast.From(dy, output)), dx = Device.Unset<float>(input.Count);

        bool areBytes = PoolWinners.AreBytes(shape);
        var forward = new MaxPoolForward(shape.Lanes, true, areBytes, false, false, from, y, winners, shape, 3);
        Run(forward, forward.Groups);
        var inference = new MaxPoolForward(shape.Lanes, false, areBytes, false, false, from, again, default, shape, 3);
        Run(inference, inference.Groups);
        var backward = new MaxPoolBackward(shape.Lanes, areBytes, false, false, gradient, winners, dx, shape, 3);
        Run(backward, backward.Groups);

        double[] wide = Numbers.ToDouble(x);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, output), reference.Forward(input, wide, []), 0);
        Closeness.CheckSameBits("y of inference", again.Span, y.Span);
        double[] expected = reference.Backward(input, wide, [], Numbers.ToDouble(dy)).Input;
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, input), expected, 0);
    }

    private static IEnumerable<TestCaseData> StoredWindows =>
        from window in PoolShapes.Stored
        from stored in new (bool X, bool Y)[] { (true, true), (false, true), (true, false) }
        select new TestCaseData(window, stored.X, stored.Y).SetArgDisplayNames(window.ToString(), $"{stored.X}", $"{stored.Y}");

    /// <summary>All values are exact in bfloat16, sums of gradients are rounded once.</summary>
    [TestCaseSource(nameof(StoredWindows))]
    public void PoolsBFloat16(PoolWindow window, bool isBFloat16X, bool isBFloat16Y)
    {
        var reference = new ReferenceMaxPool2d(window.Size, window.Stride, window.Padding, window.CeilMode);
        Extent input = Extent.Of(3, window.Input), output = reference.Output(input);
        PoolShape shape = PoolShapes.Of(window, input, output, anyIsBFloat16: true);
        bool areBytes = PoolWinners.AreBytes(shape);
        float[] x = Numbers.Eighths(input.Count, 1), dy = Numbers.Eighths(output.Count, 2);
        DeviceBuffer<float> from = StoredTensor.Buffer(Device, ChannelsLast.From(x, input), isBFloat16X);
        DeviceBuffer<float> gradient = StoredTensor.Buffer(Device, ChannelsLast.From(dy, output), isBFloat16Y);
        DeviceBuffer<float> y = Device.UnsetStored(output.Count, isBFloat16Y);
        DeviceBuffer<float> dx = Device.UnsetStored(input.Count, isBFloat16X);
        DeviceBuffer<float> winners = Device.Unset<float>((int)PoolWinners.Floats(shape, output.Count));
        var forward = new MaxPoolForward(shape.Lanes, true, areBytes, isBFloat16X, isBFloat16Y, from, y, winners, shape, 3);
        Run(forward, forward.Groups);
        var backward = new MaxPoolBackward(shape.Lanes, areBytes, isBFloat16Y, isBFloat16X, gradient, winners, dx, shape, 3);
        Run(backward, backward.Groups);
        double[] wide = Numbers.ToDouble(x);
        StoredTensor.Check("y", y, Single(reference.Forward(input, wide, []), output, isBFloat16Y), isBFloat16Y);
        StoredTensor.Check(
            "dx", dx, Single(reference.Backward(input, wide, [], Numbers.ToDouble(dy)).Input, input, isBFloat16X), isBFloat16X);

        static float[] Single(double[] values, Extent extent, bool isBFloat16) =>
            StoredTensor.Rounded(ChannelsLast.From(Array.ConvertAll(values, value => (float)value + 0f), extent), isBFloat16);
    }

    /// <summary>A byte holds the places of windows of 256 pixels.</summary>
    [TestCase(16, 16, 8, ExpectedResult = true)]
    [TestCase(16, 17, 8, ExpectedResult = false)]
    [TestCase(3, 3, 6, ExpectedResult = false)]
    [TestCase(3, 3, 4, ExpectedResult = true)]
    public bool WinnersAreBytes(int rows, int columns, int channels) =>
        PoolWinners.AreBytes(new(channels, 32, 32, rows, columns, 1, 1, 0, 0, 1, 1, ChannelLanes.For(channels, false)));

    /// <summary>
    /// As on the CPU, the first NaN wins, and a window of the smallest values has a winner of its own: its first place.
    /// </summary>
    [TestCase(1)]
    [TestCase(4)]
    public void FirstNaNWins(int channels)
    {
        const float None = float.NaN, Least = float.NegativeInfinity;
        float[] plane = [1, None, Least, Least, None, 9, Least, Least];
        DeviceBuffer<float> x = Device.Buffer<float>([.. plane.SelectMany(value => Enumerable.Repeat(value, channels))]);
        DeviceBuffer<float> y = Device.Unset<float>(2 * channels), winners = Device.Unset<float>(channels == 4 ? 2 : 2 * channels);
        var shape = new PoolShape(channels, 2, 4, 2, 2, 2, 2, 0, 0, 1, 2, ChannelLanes.For(channels, false));
        var forward = new MaxPoolForward(shape.Lanes, true, PoolWinners.AreBytes(shape), false, false, x, y, winners, shape, 1);
        Run(forward, forward.Groups);
        Assert.Multiple(() =>
        {
            Assert.That(y.Span.ToArray(), Is.EqualTo(Enumerable.Repeat(None, channels).Concat(Enumerable.Repeat(Least, channels))));
            int[] places = channels == 4 ? [.. winners.Bits.ToArray()] : [.. winners.Span.ToArray().Select(Bits.ToInt32)];
            Assert.That(places, Is.EqualTo(Enumerable.Repeat(1, channels).Concat(Enumerable.Repeat(0, channels))));
        });
    }
}
