using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AddIntoTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => SumMatchesReference(1027);

    [TestCase(1)]
    [TestCase(4)]
    [TestCase(1024)]
    [TestCase(2049)]
    public void SumMatchesReference(int count)
    {
        float[] x = Numbers.Reals(count, 1), y = Numbers.Reals(count + 1, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(x), to = Device.Buffer<float>(y);
        var kernel = new AddInto(from, to, count);
        Run(kernel, kernel.Groups);
        for (int i = 0; i < count; i++) y[i] += x[i];
        Closeness.CheckSameBits("y", to.Span, y);
    }
}
