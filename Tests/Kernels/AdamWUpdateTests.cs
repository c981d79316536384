using GpuCnn.Kernels;
using GpuCnn.Kernels.Optimizers;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class AdamWUpdateTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => UpdateMatchesReference(1030, 0.9, 0.999, 0.01f, 0);

    [TestCase(1, 0.9, 0.999, 0f, 0)]
    [TestCase(1024, 0.9, 0.999, 0.01f, 0)]
    [TestCase(2051, 0, 0, 0.1f, 3)]
    [TestCase(2051, 0.95, 0.98, 0.05f, 40)]
    [TestCase(515, 0.9, 0.999, 0.01f, 5000)]
    [TestCase(515, 0.9, 0.999, 0.01f, 40_000_000)]
    public void UpdateMatchesReference(int count, double beta1, double beta2, float decay, long firstStep)
    {
        const int Steps = 4;
        const float Epsilon = 1e-6f;
        float[] start = Numbers.Reals(count, 1);
        double[] expected = Numbers.ToDouble(start);
        var reference = new ReferenceAdamW(beta1, beta2, Epsilon, decay);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars());
        DeviceBuffer<float> weights = Device.Buffer<float>(start), means = Device.Buffer(new float[count]);
        DeviceBuffer<float> squares = Device.Buffer(new float[count]), gradients = Device.Unset<float>(count);
        for (int step = 0; step < Steps; step++)
        {
            float[] gradient = Numbers.Reals(count, 10 + step);
            gradient.CopyTo(gradients.Span);
            scalars.Span[0] = new() { Step = (ulong)(firstStep + step), Seed = ulong.MaxValue, LearningRate = 0.05f, Images = -1 };
            var kernel = new AdamWUpdate(
                scalars, weights, gradients, means, squares, count, count, AdamBetas.Of(beta1, beta2), Epsilon, decay);
            Run(kernel, kernel.Groups);
            reference.Step(expected, Numbers.ToDouble(gradient), 0.05f, firstStep + step + 1);
        }
        double rounding = Math.Pow(2, -22);
        Closeness.Check("means", means.Span, reference.Means, Closeness.Tolerance(4 * Steps, rounding, reference.Means));
        Closeness.Check("squares", squares.Span, reference.Squares, Closeness.Tolerance(4 * Steps, rounding, reference.Squares));
        Closeness.Check("weights", weights.Span, expected, Closeness.Tolerance(8 * Steps, rounding, expected));
    }
}
