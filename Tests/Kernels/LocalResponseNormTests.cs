using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class LocalResponseNormTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        NormalizesLikeTheReference(7, 3, 0.5f, 0.75f);
        NormalizesBFloat16(7, true, true);
    }

    [TestCase(1, 5, 1, 0.75f)]
    [TestCase(20, 5, 1e-4f, 0.75f)]
    [TestCase(9, 4, 0.5f, 0.75f)]
    [TestCase(9, 4, 0.5f, 1.25f)]
    public void NormalizesLikeTheReference(int channels, int size, float alpha, float beta)
    {
        var extent = new Extent(2, channels, 5, 7);
        var reference = new ReferenceLocalResponseNorm(size, alpha, beta, 1);
        float[] x = Numbers.Reals(extent.Count, 1), gradient = Numbers.Reals(extent.Count, 2);
        DeviceBuffer<float> from = Device.Buffer<float>(ChannelsLast.From(x, extent)),
            dy = Device.Buffer<float>(ChannelsLast.From(gradient, extent));
        DeviceBuffer<float> y = Device.Unset<float>(extent.Count), inferred = Device.Unset<float>(extent.Count);
        DeviceBuffer<float> scales = Device.Unset<float>(extent.Count), dx = Device.Unset<float>(extent.Count);
        var shape = new LocalResponseShape(extent.Count, channels, size, alpha, beta, 1);
        Run(new LocalResponseForward(true, false, false, from, y, scales, shape), shape.Groups);
        Run(new LocalResponseForward(false, false, false, from, inferred, default(View<float>), shape), shape.Groups);
        Run(new LocalResponseBackward(false, false, from, y, dy, scales, dx, shape), shape.Groups);
        double[] wide = Numbers.ToDouble(x);
        Closeness.CheckSameBits("y without scales", inferred.Span, y.Span);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, extent), reference.Forward(extent, wide, []), 1e-6);
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, extent),
            reference.Backward(extent, wide, [], Numbers.ToDouble(gradient)).Input, 2e-6);
    }

    /// <summary>Gives what floats of the same values give, rounded.</summary>
    [TestCase(7, true, true)]
    [TestCase(8, false, true)]
    [TestCase(8, true, false)]
    public void NormalizesBFloat16(int channels, bool isBFloat16X, bool isBFloat16Y)
    {
        var shape = new LocalResponseShape(35 * channels, channels, 5, 0.5f, 0.75f, 1);
        float[] x = StoredTensor.Rounded(Numbers.Reals(shape.Count, 1)), dy = StoredTensor.Rounded(Numbers.Reals(shape.Count, 2));
        DeviceBuffer<float> y = Device.Unset<float>(shape.Count), scales = Device.Unset<float>(shape.Count);
        DeviceBuffer<float> dx = Device.Unset<float>(shape.Count), storedScales = Device.Unset<float>(shape.Count);
        DeviceBuffer<float> from = StoredTensor.Buffer(Device, x, isBFloat16X), gradient = StoredTensor.Buffer(Device, dy, isBFloat16Y);
        DeviceBuffer<float> to = Device.UnsetStored(shape.Count, isBFloat16Y);
        DeviceBuffer<float> target = Device.UnsetStored(shape.Count, isBFloat16X);
        Run(new LocalResponseForward(true, false, false, Device.Buffer<float>(x), y, scales, shape), shape.Groups);
        Run(new LocalResponseForward(true, isBFloat16X, isBFloat16Y, from, to, storedScales, shape), shape.Groups);
        float[] kept = StoredTensor.Rounded(y.Span.ToArray(), isBFloat16Y);
        StoredTensor.Check("y", to, kept, isBFloat16Y);
        Closeness.CheckSameBits("scales", storedScales.Span, scales.Span);
        Run(new LocalResponseBackward(
            false, false, Device.Buffer<float>(x), Device.Buffer<float>(kept), Device.Buffer<float>(dy), scales, dx, shape), shape.Groups);
        Run(new LocalResponseBackward(isBFloat16X, isBFloat16Y, from, to, gradient, scales, target, shape), shape.Groups);
        StoredTensor.Check("dx", target, StoredTensor.Rounded(dx.Span.ToArray(), isBFloat16X), isBFloat16X);
    }
}
