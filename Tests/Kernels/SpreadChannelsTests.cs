using GpuCnn.Kernels.Layout;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class SpreadChannelsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => SpreadMatchesReference(3, 7, 2);

    [TestCase(16, 32, 2)]
    [TestCase(5, 5, 1)]
    [TestCase(2, 9, 3)]
    public void SpreadMatchesReference(int channels, int outputs, int stride)
    {
        var input = new Extent(3, channels, 7, 10);
        var reference = new ReferenceShortcutA(outputs, stride);
        Extent output = reference.Output(input);
        var shape = new SpreadShape(channels, outputs, (outputs - channels) / 2, 7, 10, stride);
        float[] x = Numbers.Reals(input.Count, 1), gradient = Numbers.Reals(output.Count, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(ChannelsLast.From(x, input)),
            dy = Device.Buffer<float>(ChannelsLast.From(gradient, output));
        DeviceBuffer<float> y = Device.Unset<float>(output.Count), dx = Device.Unset<float>(input.Count);
        var spread = new SpreadChannels(from, y, shape, output.Count);
        Run(spread, spread.Groups);
        var gather = new GatherChannels(dy, dx, shape, input.Count);
        Run(gather, gather.Groups);
        double[] wide = Numbers.ToDouble(x);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, output), reference.Forward(input, wide, []), 0);
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, input),
            reference.Backward(input, wide, [], Numbers.ToDouble(gradient)).Input, 0);
    }
}
