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
        SumOfBFloat16IsRounded(true, true, true, 2051);
        SumOfBFloat16IsRounded(true, true, false, 2051);
    }

    [TestCase(1)]
    [TestCase(1024)]
    [TestCase(2051)]
    public void SumMatchesReference(int count)
    {
        float[] a = Numbers.Reals(count, 1), b = Numbers.Reals(count, 2);
        DeviceBuffer<float> y = Device.Unset<float>(count + 1);
        var kernel = new AddForward<Identity>(false, false, false, Device.Buffer<float>(a), Device.Buffer<float>(b), y, count, default);
        Run(kernel, kernel.Groups);
        Closeness.CheckSameBits("y", y.Span[..count], [.. a.Zip(b, (left, right) => left + right)]);
        Assert.That(y.Span[count], Is.NaN, "past the end");
    }

    [TestCase(true, true, true, 1)]
    [TestCase(true, true, true, 4096)]
    [TestCase(false, true, true, 2049)]
    [TestCase(true, false, false, 8)]
    public void SumOfBFloat16IsRounded(bool isBFloat16A, bool isBFloat16B, bool isBFloat16Y, int count)
    {
        float[] a = StoredTensor.Rounded(Numbers.Reals(count, 1), isBFloat16A),
            b = StoredTensor.Rounded(Numbers.Reals(count, 2), isBFloat16B);
        DeviceBuffer<float> y = Device.UnsetStored(count, isBFloat16Y);
        var kernel = new AddForward<ReLU>(
            isBFloat16A, isBFloat16B, isBFloat16Y, StoredTensor.Buffer(Device, a, isBFloat16A),
            StoredTensor.Buffer(Device, b, isBFloat16B), y,
            count, default);
        Run(kernel, kernel.Groups);
        StoredTensor.Check(
            "y", y, StoredTensor.Rounded([.. a.Zip(b, (left, right) => Math.Max(left + right, 0))], isBFloat16Y), isBFloat16Y);
    }

    private void AppliesTheFunction<TFunction>() where TFunction : unmanaged, IPointwise
    {
        float[] a = Numbers.Eighths(1027, 1), b = Numbers.Eighths(1027, 2);
        DeviceBuffer<float> y = Device.Unset<float>(a.Length);
        var kernel = new AddForward<TFunction>(
            false, false, false, Device.Buffer<float>(a), Device.Buffer<float>(b), y, a.Length, default);
        Run(kernel, kernel.Groups);
        Closeness.Check(typeof(TFunction).Name, y.Span.ToArray(),
            EveryFunction.Of<TFunction>([.. a.Zip(b, (left, right) => (double)left + right)]), 1e-6);
    }
}
