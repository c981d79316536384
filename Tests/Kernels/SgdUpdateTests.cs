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
        UpdateMatchesReference(1030, 0.9f, 0.01f, true);
        UpdateMatchesReference(1030, 0.9f, 0.01f, false);
    }

    [TestCase(1, 0, 0, false)]
    [TestCase(1024, 0.9f, 0, false)]
    [TestCase(2051, 0.9f, 5e-4f, false)]
    [TestCase(2051, 0.8f, 5e-4f, true)]
    public void UpdateMatchesReference(int count, float momentum, float decay, bool nesterov)
    {
        const int Steps = 3;
        float[] start = Numbers.Reals(count, 1);
        double[] expected = Numbers.ToDouble(start);
        var reference = new ReferenceSgd(momentum, decay, nesterov);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars());
        DeviceBuffer<float> weights = Device.Buffer<float>(start), velocities = Device.Buffer(new float[count]);
        DeviceBuffer<float> gradients = Device.Unset<float>(count);
        for (int step = 0; step < Steps; step++)
        {
            float[] gradient = Numbers.Reals(count, 10 + step);
            gradient.CopyTo(gradients.Span);
            scalars.Span[0] = new() { Step = ulong.MaxValue, Seed = ulong.MaxValue, LearningRate = 0.1f * (step + 1), Images = -1 };
            var kernel = new SgdUpdate(nesterov, scalars, weights, gradients, velocities, count, momentum, decay);
            Run(kernel, kernel.Groups);
            reference.Step(expected, Numbers.ToDouble(gradient), scalars.Span[0].LearningRate);
        }
        double rounding = Math.Pow(2, -24);
        Closeness.Check("weights", weights.Span, expected, Closeness.Tolerance(4 * Steps, rounding, expected));
        Closeness.Check("velocities", velocities.Span, reference.Velocity, Closeness.Tolerance(4 * Steps, rounding, reference.Velocity));
    }

    [TestCase(true)]
    [TestCase(false)]
    public unsafe void UpdateHasTheBitsOfTheCpu(bool nesterov)
    {
        const int Count = 1032;
        float[] weights = Numbers.Reals(Count, 1), gradients = Numbers.Reals(Count, 2), velocities = Numbers.Reals(Count, 3);
        var scalars = new StepScalars { LearningRate = 0.03f };
        DeviceBuffer<float> w = Device.Buffer<float>(weights), v = Device.Buffer<float>(velocities);
        var kernel = new SgdUpdate(nesterov, Device.Buffer(scalars), w, Device.Buffer<float>(gradients), v, Count, 0.9f, 0.01f);
        Run(kernel, kernel.Groups);
        fixed (float* pw = weights, pg = gradients, pv = velocities)
        {
            var cpu = new CpuSgdUpdate(&scalars, pw, pg, pv, Count, 0.9f, 0.01f, nesterov);
            for (int chunk = 0; chunk < cpu.Chunks; chunk++) cpu.Run(chunk);
        }
        Closeness.CheckSameBits("weights", w.Span, weights);
        Closeness.CheckSameBits("velocities", v.Span, velocities);
    }
}
