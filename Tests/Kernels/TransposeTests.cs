using GpuCnn.Kernels.Layout;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class TransposeTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        TransposingTwiceGivesTheInput(2, 3, 10);
        TransposingTwiceGivesTheInput(2, 33, 10);
    }

    [TestCase(3, 1, 784)]
    [TestCase(2, 3, 1025)]
    [TestCase(2, 4, 256)]
    [TestCase(3, 5, 49)]
    [TestCase(2, 32, 64)]
    [TestCase(2, 33, 65)]
    [TestCase(5, 70, 1)]
    [TestCase(1, 1, 1)]
    public void TransposingTwiceGivesTheInput(int images, int channels, int area)
    {
        var extent = new Extent(images, channels, 1, area);
        float[] plain = Numbers.Reals(extent.Count, 1);
        DeviceBuffer<float> source = Device.Buffer<float>(plain);
        DeviceBuffer<float> last = Device.Unset<float>(extent.Count), back = Device.Unset<float>(extent.Count);
        var to = Transpose.ToChannelsLast(source, last, images, channels, area);
        Run(to, to.Groups);
        var from = Transpose.FromChannelsLast(last, back, images, channels, area);
        Run(from, from.Groups);
        Closeness.CheckSameBits("channels-last", last.Span, ChannelsLast.From(plain, extent));
        Closeness.CheckSameBits("back", back.Span, plain);
    }
}
