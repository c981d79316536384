using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Pooling;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AveragePoolTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private static readonly double Rounding = Math.Pow(2, -24);

    private static IEnumerable<TestCaseData> Windows =>
        from window in PoolWindow.All.Concat(PoolShapes.Large)
        from countPadding in new[] { true, false }
        select new TestCaseData(window, countPadding)
            .SetArgDisplayNames(window.ToString(), countPadding ? "counts padding" : "does not count padding");

    protected override void RunAll()
    {
        foreach (int channels in new[] { 3, 4 })
            foreach (int size in new[] { 3, 8 })
                foreach (bool countPadding in new[] { true, false })
                    PoolsLikeTheReference(new((size, size), (2, 2), (1, 1), false, Shape.Volume(channels, 9, 9)), countPadding);
        PoolsBFloat16(PoolShapes.Stored[0], true, true);
        PoolsBFloat16(PoolShapes.Stored[^1], true, true);
    }

    [TestCaseSource(nameof(Windows))]
    public void PoolsLikeTheReference(PoolWindow window, bool countPadding)
    {
        var reference = new ReferenceAvgPool2d(window.Size, window.Stride, window.Padding, window.CeilMode, countPadding);
        Extent input = Extent.Of(3, window.Input), output = reference.Output(input);
        PoolShape shape = PoolShapes.Of(window, input, output);
        float[] x = Numbers.Reals(input.Count, 1), dy = Numbers.Reals(output.Count, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(ChannelsLast.From(x, input)), y = Device.Unset<float>(output.Count);
        DeviceBuffer<float> gradient = Device.Buffer<float>(ChannelsLast.From(dy, output)), dx = Device.Unset<float>(input.Count);

        var forward = new AveragePoolForward(
            shape.Lanes, AveragePoolForward.Slices(shape), countPadding, false, false, from, y, shape, 3);
        Run(forward, forward.Groups);
        var backward = new AveragePoolBackward(shape.Lanes, countPadding, false, false, gradient, dx, shape, 3);
        Run(backward, backward.Groups);

        double[] wide = Numbers.ToDouble(x), expected = reference.Forward(input, wide, []);
        int terms = reference.LongestSum(input);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, output), expected, Closeness.Tolerance(terms, Rounding, expected));
        expected = reference.Backward(input, wide, [], Numbers.ToDouble(dy)).Input;
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, input), expected, Closeness.Tolerance(terms, Rounding, expected));
    }

    private static IEnumerable<TestCaseData> StoredWindows =>
        from window in PoolShapes.Stored
        from stored in new (bool X, bool Y)[] { (true, true), (false, true), (true, false) }
        select new TestCaseData(window, stored.X, stored.Y).SetArgDisplayNames(window.ToString(), $"{stored.X}", $"{stored.Y}");

    /// <summary>Gives what floats of the same values give, rounded.</summary>
    [TestCaseSource(nameof(StoredWindows))]
    public void PoolsBFloat16(PoolWindow window, bool isBFloat16X, bool isBFloat16Y)
    {
        Extent input = Extent.Of(3, window.Input);
        Extent output = new ReferenceAvgPool2d(window.Size, window.Stride, window.Padding, window.CeilMode, true).Output(input);
        float[] x = StoredTensor.Rounded(Numbers.Reals(input.Count, 1)), dy = StoredTensor.Rounded(Numbers.Reals(output.Count, 2));
        (DeviceBuffer<float> y, DeviceBuffer<float> dx) = Pool(false, false);
        (DeviceBuffer<float> storedY, DeviceBuffer<float> storedX) = Pool(isBFloat16X, isBFloat16Y);
        StoredTensor.Check("y", storedY, StoredTensor.Rounded(y.Span.ToArray(), isBFloat16Y), isBFloat16Y);
        StoredTensor.Check("dx", storedX, StoredTensor.Rounded(dx.Span.ToArray(), isBFloat16X), isBFloat16X);

        (DeviceBuffer<float> Y, DeviceBuffer<float> X) Pool(bool isBFloat16X, bool isBFloat16Y)
        {
            PoolShape shape = PoolShapes.Of(window, input, output, isBFloat16X || isBFloat16Y);
            DeviceBuffer<float> y = Device.UnsetStored(output.Count, isBFloat16Y);
            DeviceBuffer<float> dx = Device.UnsetStored(input.Count, isBFloat16X);
            var forward = new AveragePoolForward(
                shape.Lanes, AveragePoolForward.Slices(shape), true, isBFloat16X, isBFloat16Y,
                StoredTensor.Buffer(Device, x, isBFloat16X), y,
                shape, 3);
            Run(forward, forward.Groups);
            var backward = new AveragePoolBackward(
                shape.Lanes, true, isBFloat16Y, isBFloat16X, StoredTensor.Buffer(Device, dy, isBFloat16Y), dx, shape, 3);
            Run(backward, backward.Groups);
            return (y, dx);
        }
    }

    [Test]
    public void LargeWindowsAreSharedByThreads() => Assert.Multiple(() =>
    {
        Assert.That(PoolShapes.Large.Select(Slices), Is.All.EqualTo(16));
        Assert.That(PoolWindow.All.Select(Slices), Is.All.EqualTo(1));
    });

    private static int Slices(PoolWindow window)
    {
        var extent = Extent.Of(1, window.Input);
        return AveragePoolForward.Slices(PoolShapes.Of(window, extent, extent));
    }
}
