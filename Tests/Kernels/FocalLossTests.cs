using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class FocalLossTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        foreach (int classes in new[] { 10, 40, 80, 200 }) MatchesReference(classes, 2, 0.25f);
    }

    [TestCase(2, 2, 0.25f)]
    [TestCase(33, 0, null)]
    [TestCase(33, 0.5f, null)]
    [TestCase(1000, 2, null)]
    public void MatchesReference(int classes, float gamma, float? alpha)
    {
        float[] x = Numbers.Reals(3 * classes, 1, 3);
        int[] labels = [0, classes - 1, -1];
        double[] losses = ReferenceFocalLoss.Losses(classes, Numbers.ToDouble(x), labels, gamma, alpha);
        double[] gradient = ReferenceFocalLoss.Gradient(classes, Numbers.ToDouble(x), labels, gamma, alpha);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars { Images = 2, AllImages = 2 });
        DeviceBuffer<float> logits = Device.Buffer<float>(x), result = Device.Unset<float>(3), dx = Device.Unset<float>(x.Length);
        DeviceBuffer<int> given = Device.Buffer<int>(labels), ranks = Device.Unset<int>(3);
        int threads = SoftmaxCrossEntropy.Threads(classes);
        float weight = alpha ?? -1;
        Run(new FocalLoss(threads, false, false, false, scalars, logits, given, default(ReadOnlyView<float>), result, ranks,
            default(View<float>), 3, classes, gamma, weight, 2), new(3));
        Closeness.Check("losses", result.Span, [.. losses.Select(loss => 2 * loss)], 4e-6 * losses.Max());
        Run(new FocalLoss(threads, true, true, false, scalars, logits, given, default(ReadOnlyView<float>), result, ranks, dx, 3, classes,
            gamma, weight, 1), new(3));
        Closeness.Check("losses with those of a head", result.Span, [.. losses.Select(loss => 3 * loss)], 6e-6 * losses.Max());
        Closeness.Check("dx", dx.Span, gradient, 4e-6 * gradient.Max(Math.Abs));
        float[] classWeights = [.. Enumerable.Range(0, classes).Select(k => k % 4 + 0.5f)];
        DeviceBuffer<float> weights = Device.Buffer<float>(classWeights);
        Run(new FocalLoss(threads, true, false, true, scalars, logits, given, weights, result, ranks, dx, 3, classes, gamma, weight, 1),
            new(3));
        Closeness.Check("weighted losses", result.Span, [.. losses.Select((loss, n) => loss * Weight(n))], 4e-6 * 4 * losses.Max());
        Closeness.Check("weighted dx", dx.Span, [.. gradient.Select((slope, i) => slope * Weight(i / classes))],
            4e-6 * 4 * gradient.Max(Math.Abs));
        Assert.That(ranks.Span.ToArray(), Is.EqualTo(new[] { Rank(0), Rank(1), classes }));

        float Weight(int n) => classWeights[Math.Max(labels[n], 0)];

        int Rank(int n) => Enumerable.Range(0, classes).Count(k => x[n * classes + k] > x[n * classes + labels[n]]);
    }
}
