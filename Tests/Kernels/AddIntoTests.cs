using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AddIntoTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        SumMatchesReference(1027);
        SumOfBFloat16IsRounded(2051);
    }

    [TestCase(1)]
    [TestCase(4)]
    [TestCase(1024)]
    [TestCase(2049)]
    public void SumMatchesReference(int count)
    {
        float[] x = Numbers.Reals(count, 1), y = Numbers.Reals(count + 1, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(x), to = Device.Buffer<float>(y);
        var kernel = new AddInto(false, from, to, count);
        Run(kernel, kernel.Groups);
        for (int i = 0; i < count; i++) y[i] += x[i];
        Closeness.CheckSameBits("y", to.Span, y);
    }

    [TestCase(1)]
    [TestCase(8)]
    [TestCase(2049)]
    [TestCase(4098)]
    public void SumOfBFloat16IsRounded(int count)
    {
        float[] x = StoredTensor.Rounded(Numbers.Reals(count, 1)), y = StoredTensor.Rounded(Numbers.Reals(count, 2));
        DeviceBuffer<float> from = StoredTensor.Buffer(Device, x, true), to = StoredTensor.Buffer(Device, y, true);
        var kernel = new AddInto(true, from, to, count);
        Run(kernel, kernel.Groups);
        StoredTensor.Check("y", to, StoredTensor.Rounded([.. x.Zip(y, (left, right) => left + right)]), true);
    }
}
