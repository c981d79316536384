using GpuCnn.Kernels;
using GpuCnn.Kernels.Optimizers;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AverageWeightsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => TheAverageFollowsTheWeights(1088);

    /// <summary>The first step copies over whatever was there, NaN too.</summary>
    [TestCase(64)]
    [TestCase(4096 + 64)]
    public void TheAverageFollowsTheWeights(int count)
    {
        const float Share = 0.25f;
        double[] expected = new double[count];
        DeviceBuffer<float> averages = Device.Buffer(Enumerable.Repeat(float.NaN, count).ToArray()), weights = Device.Unset<float>(count);
        for (int step = 0; step < 3; step++)
        {
            float[] own = Numbers.Reals(count, 30 + step);
            own.CopyTo(weights.Span);
            for (int i = 0; i < count; i++) expected[i] = step == 0 ? own[i] : (1 - Share) * expected[i] + Share * own[i];
            var kernel = new AverageWeights(Device.Buffer(new StepScalars { Step = (ulong)step }), weights, averages, count, Share);
            Run(kernel, kernel.Groups);
        }
        Closeness.Check("averages", averages.Span, expected, Closeness.Tolerance(8, Math.Pow(2, -24), expected));
    }
}
