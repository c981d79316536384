using GpuCnn.Kernels;
using GpuCnn.Kernels.Optimizers;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class LarsUpdateTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => UpdateMatchesReference(1030, 0.9f, 0.01f);

    /// <summary>One part and several.</summary>
    [TestCase(1, 0, 0)]
    [TestCase(1024, 0.9f, 0)]
    [TestCase(20_003, 0.9f, 5e-4f)]
    public void UpdateMatchesReference(int count, float momentum, float decay)
    {
        const int Steps = 2;
        const float Trust = 0.02f;
        float[] start = Numbers.Reals(count, 1);
        double[] expected = Numbers.ToDouble(start);
        var reference = new ReferenceLars(momentum, decay, Trust);
        int groups = LarsNorms.Parts(count);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars { LearningRate = 0.5f });
        DeviceBuffer<float> weights = Device.Buffer<float>(start), velocities = Device.Buffer(new float[count]);
        DeviceBuffer<float> gradients = Device.Unset<float>(count), parts = Device.Unset<float>(2 * groups), local = Device.Unset<float>(2);
        for (int step = 0; step < Steps; step++)
        {
            float[] gradient = Numbers.Reals(count, 10 + step);
            gradient.CopyTo(gradients.Span);
            var norms = new LarsNorms(weights, gradients, parts, count, groups);
            Run(norms, norms.Groups);
            var rate = new LarsRate(parts, local, groups, Trust, decay, 1e-8f);
            Run(rate, rate.Groups);
            var update = new LarsUpdate(scalars, local, weights, gradients, velocities, count, momentum);
            Run(update, update.Groups);
            reference.Step(expected, Numbers.ToDouble(gradient), 0.5);
        }
        double rounding = Math.Pow(2, -22);
        Closeness.Check("weights", weights.Span, expected, Closeness.Tolerance(8 * Steps, rounding, expected));
        Closeness.Check("velocities", velocities.Span, reference.Velocity, Closeness.Tolerance(8 * Steps, rounding, reference.Velocity));
    }

    /// <summary>Nothing to scale by: the gradient counts as it is, and nothing decays.</summary>
    [TestCase(0f, 1f)]
    [TestCase(1f, 0f)]
    public void ATensorOfZerosKeepsTheRate(float weight, float gradient)
    {
        DeviceBuffer<float> weights = Device.Buffer<float>([weight, weight]), gradients = Device.Buffer<float>([gradient, gradient]);
        DeviceBuffer<float> parts = Device.Unset<float>(2), local = Device.Unset<float>(2);
        var norms = new LarsNorms(weights, gradients, parts, 2, 1);
        Run(norms, norms.Groups);
        var rate = new LarsRate(parts, local, 1, 0.02f, 0.1f, 1e-8f);
        Run(rate, rate.Groups);
        Assert.That(local.Span.ToArray(), Is.EqualTo(new[] { 1f, 0f }));
    }
}
