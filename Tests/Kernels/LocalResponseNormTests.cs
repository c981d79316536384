using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class LocalResponseNormTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => NormalizesLikeTheReference(7, 3, 0.5f, 0.75f);

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
        Run(new LocalResponseForward(true, from, y, scales, shape), shape.Groups);
        Run(new LocalResponseForward(false, from, inferred, default(View<float>), shape), shape.Groups);
        Run(new LocalResponseBackward(from, y, dy, scales, dx, shape), shape.Groups);
        double[] wide = Numbers.ToDouble(x);
        Closeness.CheckSameBits("y without scales", inferred.Span, y.Span);
        Closeness.Check("y", ChannelsLast.ToPlain<float>(y.Span, extent), reference.Forward(extent, wide, []), 1e-6);
        Closeness.Check("dx", ChannelsLast.ToPlain<float>(dx.Span, extent),
            reference.Backward(extent, wide, [], Numbers.ToDouble(gradient)).Input, 2e-6);
    }
}
