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

        var forward = new AveragePoolForward(shape.Lanes, AveragePoolForward.Slices(shape), countPadding, from, y, shape, 3);
        Run(forward, forward.Groups);
        var backward = new AveragePoolBackward(shape.Lanes, countPadding, gradient, dx, shape, 3);
        Run(backward, backward.Groups);

        double[] wide = Numbers.ToDouble(x), expected = reference.Forward(input, wide, []);
        int terms = reference.LongestSum(input);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, output), expected, Closeness.Tolerance(terms, Rounding, expected));
        expected = reference.Backward(input, wide, [], Numbers.ToDouble(dy)).Input;
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, input), expected, Closeness.Tolerance(terms, Rounding, expected));
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
