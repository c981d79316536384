using GpuCnn.Kernels.Layout;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class CopyChannelsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        CopiesOnlyItsChannels(8, 4, 12, 0, 4, 70);
        CopiesOnlyItsChannels(5, 1, 7, 3, 4, 9);
    }

    [TestCase(8, 4, 12, 0, 4, 70)]
    [TestCase(8, 0, 8, 0, 8, 33)]
    [TestCase(5, 1, 7, 3, 4, 9)]
    [TestCase(3, 2, 1, 0, 1, 300)]
    public void CopiesOnlyItsChannels(int xChannels, int source, int yChannels, int target, int channels, int pixels)
    {
        float[] x = Numbers.Reals(pixels * xChannels, 1);
        float[] expected = Numbers.Reals(pixels * yChannels, 2);
        DeviceBuffer<float> y = Device.Buffer<float>(expected);
        var kernel = CopyChannels.Of(Device.Buffer<float>(x), xChannels, source, y, yChannels, target, channels, pixels);
        Run(kernel, kernel.Groups);
        for (int pixel = 0; pixel < pixels; pixel++)
            for (int c = 0; c < channels; c++) expected[pixel * yChannels + target + c] = x[pixel * xChannels + source + c];
        Closeness.CheckSameBits("y", y.Span, expected);
    }
}
