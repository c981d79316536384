using GpuCnn.Kernels.Layout;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class FillTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => Fills(7);

    [TestCase(1)]
    [TestCase(1024)]
    [TestCase(2051)]
    public void Fills(int count)
    {
        DeviceBuffer<float> y = Device.Buffer(new float[count + 1]);
        var kernel = new Fill(y, 0.3f, count);
        Run(kernel, kernel.Groups);
        Assert.That(y.Span[..count].ToArray(), Is.All.EqualTo(0.3f));
        Assert.That(y.Span[count], Is.Zero, "past the end");
    }
}
