using GpuCnn.Kernels.Optimizers;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AccumulateGradientsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => TheSumIsTheWeightedMean(1088);

    /// <summary>The first batch overwrites whatever the sums hold, NaN too.</summary>
    [TestCase(64)]
    [TestCase(4096 + 64)]
    public void TheSumIsTheWeightedMean(int count)
    {
        float[] shares = [0.5f, 0.375f, 0.125f];
        double[] expected = new double[count];
        DeviceBuffer<float> sums = Device.Buffer(Enumerable.Repeat(float.NaN, count).ToArray()), gradients = Device.Unset<float>(count);
        foreach ((int batch, float share) in shares.Index())
        {
            float[] own = Numbers.Reals(count, 20 + batch);
            own.CopyTo(gradients.Span);
            for (int i = 0; i < count; i++) expected[i] += share * own[i];
            DeviceBuffer<GradientPart> part = Device.Buffer(new GradientPart { Share = share, Continues = batch > 0 ? 1 : 0 });
            var kernel = new AccumulateGradients(part, gradients, sums, count);
            Run(kernel, kernel.Groups);
        }
        Closeness.Check("gradients", gradients.Span, expected, Closeness.Tolerance(8, Math.Pow(2, -24), expected));
        Closeness.CheckSameBits("sums", sums.Span, gradients.Span);
    }
}
