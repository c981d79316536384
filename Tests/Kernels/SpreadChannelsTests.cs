using GpuCnn.Kernels.Layout;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class SpreadChannelsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        SpreadMatchesReference(3, 7, 2);
        SpreadMatchesReference(4, 12, 2);
        SpreadMatchesReference(8, 24, 2, true, true);
    }

    /// <summary>One by one, by four channels and, of bfloat16, by eight.</summary>
    [TestCase(16, 32, 2)]
    [TestCase(5, 5, 1)]
    [TestCase(2, 9, 3)]
    [TestCase(16, 32, 2, true, true)]
    [TestCase(4, 12, 3, true, true)]
    [TestCase(5, 8, 2, true, true)]
    [TestCase(8, 24, 2, false, true)]
    [TestCase(8, 24, 2, true, false)]
    public void SpreadMatchesReference(int channels, int outputs, int stride, bool isBFloat16X = false, bool isBFloat16Y = false)
    {
        var input = new Extent(3, channels, 7, 10);
        var reference = new ReferenceShortcutA(outputs, stride);
        Extent output = reference.Output(input);
        var shape = new SpreadShape(channels, outputs, (outputs - channels) / 2, 7, 10, stride);
        int lanes = shape.Lanes(isBFloat16X || isBFloat16Y);
        float[] x = StoredTensor.Rounded(Numbers.Reals(input.Count, 1), isBFloat16X || isBFloat16Y);
        float[] gradient = StoredTensor.Rounded(Numbers.Reals(output.Count, 2), isBFloat16X || isBFloat16Y);
        DeviceBuffer<float> from = StoredTensor.Buffer(Device, ChannelsLast.From(x, input), isBFloat16X),
            dy = StoredTensor.Buffer(Device, ChannelsLast.From(gradient, output), isBFloat16Y);
        DeviceBuffer<float> y = Device.UnsetStored(output.Count, isBFloat16Y),
            dx = Device.UnsetStored(input.Count, isBFloat16X);
        var spread = new SpreadChannels(lanes, isBFloat16X, isBFloat16Y, from, y, shape, output.Count);
        Run(spread, spread.Groups);
        var gather = new GatherChannels(lanes, isBFloat16Y, isBFloat16X, dy, dx, shape, input.Count);
        Run(gather, gather.Groups);
        double[] wide = Numbers.ToDouble(x);
        Closeness.Check(
            "y", ChannelsLast.ToPlain<float>(BFloat16Numbers.Values(y, output.Count, isBFloat16Y), output),
            reference.Forward(input, wide, []), 0);
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(BFloat16Numbers.Values(dx, input.Count, isBFloat16X), input),
            reference.Backward(input, wide, [], Numbers.ToDouble(gradient)).Input, 0);
    }
}
