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
        CopiesBFloat16(8, 0, 24, 8, 8, 9, true, true);
        CopiesBFloat16(4, 0, 12, 4, 4, 9, true, true);
        CopiesBFloat16(5, 1, 7, 3, 4, 9, true, true);
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
        var kernel = CopyChannels.Of(false, false, Device.Buffer<float>(x), xChannels, source, y, yChannels, target, channels, pixels);
        Run(kernel, kernel.Groups);
        for (int pixel = 0; pixel < pixels; pixel++)
            for (int c = 0; c < channels; c++) expected[pixel * yChannels + target + c] = x[pixel * xChannels + source + c];
        Closeness.CheckSameBits("y", y.Span, expected);
    }

    /// <summary>
    /// By eight channels, by four, and one by one, where the two of a float may belong to different threads or be others'.
    /// </summary>
    [TestCase(8, 0, 24, 8, 8, 70, true, true)]
    [TestCase(24, 16, 8, 0, 8, 9, true, false)]
    [TestCase(4, 0, 12, 4, 4, 9, true, true)]
    [TestCase(12, 8, 20, 16, 4, 9, false, true)]
    [TestCase(5, 1, 7, 3, 4, 9, true, true)]
    [TestCase(3, 2, 1, 0, 1, 301, true, true)]
    [TestCase(5, 2, 9, 1, 3, 9, false, true)]
    public void CopiesBFloat16(
        int xChannels, int source, int yChannels, int target, int channels, int pixels, bool isBFloat16X, bool isBFloat16Y)
    {
        float[] x = StoredTensor.Rounded(Numbers.Reals(pixels * xChannels, 1)),
            expected = StoredTensor.Rounded(Numbers.Reals(pixels * yChannels, 2));
        DeviceBuffer<float> y = StoredTensor.Buffer(Device, expected, isBFloat16Y);
        var kernel = CopyChannels.Of(
            isBFloat16X, isBFloat16Y, StoredTensor.Buffer(Device, x, isBFloat16X), xChannels, source, y, yChannels, target,
            channels, pixels);
        Run(kernel, kernel.Groups);
        for (int pixel = 0; pixel < pixels; pixel++)
            for (int c = 0; c < channels; c++) expected[pixel * yChannels + target + c] = x[pixel * xChannels + source + c];
        StoredTensor.Check("y", y, expected, isBFloat16Y);
    }
}
