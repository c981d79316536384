using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AddTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        foreach (Type function in EveryFunction.Types) EveryFunction.Call(this, nameof(AppliesTheFunction), function);
    }

    [TestCase(1)]
    [TestCase(1024)]
    [TestCase(2051)]
    public void SumMatchesReference(int count)
    {
        float[] a = Numbers.Reals(count, 1), b = Numbers.Reals(count, 2);
        DeviceBuffer<float> y = Device.Unset<float>(count + 1);
        var kernel = new AddForward<Identity>(Device.Buffer<float>(a), Device.Buffer<float>(b), y, count, default);
        Run(kernel, kernel.Groups);
        Closeness.CheckSameBits("y", y.Span[..count], [.. a.Zip(b, (left, right) => left + right)]);
        Assert.That(y.Span[count], Is.NaN, "past the end");
    }

    private void AppliesTheFunction<TFunction>() where TFunction : unmanaged, IPointwise
    {
        float[] a = Numbers.Eighths(1027, 1), b = Numbers.Eighths(1027, 2);
        DeviceBuffer<float> y = Device.Unset<float>(a.Length);
        var kernel = new AddForward<TFunction>(Device.Buffer<float>(a), Device.Buffer<float>(b), y, a.Length, default);
        Run(kernel, kernel.Groups);
        Closeness.Check(typeof(TFunction).Name, y.Span.ToArray(),
            EveryFunction.Of<TFunction>([.. a.Zip(b, (left, right) => (double)left + right)]), 1e-6);
    }
}
