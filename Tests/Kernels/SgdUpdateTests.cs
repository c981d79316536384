using GpuCnn.Kernels;
using GpuCnn.Kernels.Optimizers;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class SgdUpdateTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        UpdateMatchesReference(1030, 0.9f, 0.01f, true, 0);
        UpdateMatchesReference(1030, 0.9f, 0.01f, false, 0);
    }

    /// <param name="kept">Weights at the end that do not decay.</param>
    [TestCase(1, 0, 0, false, 0)]
    [TestCase(1024, 0.9f, 0, false, 0)]
    [TestCase(2051, 0.9f, 5e-4f, false, 0)]
    [TestCase(2051, 0.8f, 5e-4f, true, 0)]
    [TestCase(2112, 0.8f, 0.1f, true, 1088)]
    [TestCase(128, 0.8f, 0.1f, false, 128)]
    public void UpdateMatchesReference(int count, float momentum, float decay, bool nesterov, int kept)
    {
        const int Steps = 3;
        int decayed = count - kept;
        float[] start = Numbers.Reals(count, 1);
        double[] expected = Numbers.ToDouble(start);
        ReferenceSgd reference = new(momentum, decay, nesterov), rest = new(momentum, 0, nesterov);
        double[] expectedRest = expected[decayed..];
        expected = expected[..decayed];
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars());
        DeviceBuffer<float> weights = Device.Buffer<float>(start), velocities = Device.Buffer(new float[count]);
        DeviceBuffer<float> gradients = Device.Unset<float>(count);
        for (int step = 0; step < Steps; step++)
        {
            float[] gradient = Numbers.Reals(count, 10 + step);
            gradient.CopyTo(gradients.Span);
            scalars.Span[0] = new() { Step = ulong.MaxValue, Seed = ulong.MaxValue, LearningRate = 0.1f * (step + 1), Images = -1 };
            var kernel = new SgdUpdate(nesterov, scalars, weights, gradients, velocities, count, decayed, momentum, decay);
            Run(kernel, kernel.Groups);
            reference.Step(expected, Numbers.ToDouble(gradient)[..decayed], scalars.Span[0].LearningRate);
            rest.Step(expectedRest, Numbers.ToDouble(gradient)[decayed..], scalars.Span[0].LearningRate);
        }
        expected = [.. expected, .. expectedRest];
        double[] velocity = [.. reference.Velocity, .. rest.Velocity];
        double rounding = Math.Pow(2, -24);
        Closeness.Check("weights", weights.Span, expected, Closeness.Tolerance(4 * Steps, rounding, expected));
        Closeness.Check("velocities", velocities.Span, velocity, Closeness.Tolerance(4 * Steps, rounding, velocity));
    }

    [TestCase(true)]
    [TestCase(false)]
    public unsafe void UpdateHasTheBitsOfTheCpu(bool nesterov)
    {
        const int Count = 1032, Decayed = 520;
        float[] weights = Numbers.Reals(Count, 1), gradients = Numbers.Reals(Count, 2), velocities = Numbers.Reals(Count, 3);
        var scalars = new StepScalars { LearningRate = 0.03f };
        DeviceBuffer<float> w = Device.Buffer<float>(weights), v = Device.Buffer<float>(velocities);
        var kernel = new SgdUpdate(nesterov, Device.Buffer(scalars), w, Device.Buffer<float>(gradients), v, Count, Decayed, 0.9f, 0.01f);
        Run(kernel, kernel.Groups);
        fixed (float* pw = weights, pg = gradients, pv = velocities)
        {
            var cpu = new CpuSgdUpdate(&scalars, pw, pg, pv, Count, Decayed, 0.9f, 0.01f, nesterov);
            for (int chunk = 0; chunk < cpu.Chunks; chunk++) cpu.Run(chunk);
        }
        Closeness.CheckSameBits("weights", w.Span, weights);
        Closeness.CheckSameBits("velocities", v.Span, velocities);
    }
}
