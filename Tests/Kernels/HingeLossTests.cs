using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class HingeLossTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        foreach (int classes in new[] { 10, 40, 80, 200 }) MatchesReference(classes);
    }

    [TestCase(1)]
    [TestCase(33)]
    [TestCase(1000)]
    public void MatchesReference(int classes)
    {
        float[] x = Numbers.Reals(3 * classes, 1, 3);
        int[] labels = [0, classes - 1, -1];
        double[] losses = ReferenceHingeLoss.Losses(classes, Numbers.ToDouble(x), labels);
        double[] gradient = ReferenceHingeLoss.Gradient(classes, Numbers.ToDouble(x), labels);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(new StepScalars { Images = 2, AllImages = 2 });
        DeviceBuffer<float> scores = Device.Buffer<float>(x), result = Device.Unset<float>(3), dx = Device.Unset<float>(x.Length);
        DeviceBuffer<int> given = Device.Buffer<int>(labels), ranks = Device.Unset<int>(3);
        int threads = SoftmaxCrossEntropy.Threads(classes);
        Run(new HingeLoss(threads, false, false, false, scalars, scores, given, default(ReadOnlyView<float>), result, ranks,
            default(View<float>), 3, classes, 2), new(3));
        Closeness.Check("losses", result.Span, [.. losses.Select(loss => 2 * loss)], 2e-7 * losses.Max());
        Run(new HingeLoss(threads, true, true, false, scalars, scores, given, default(ReadOnlyView<float>), result, ranks, dx, 3, classes,
            1), new(3));
        Closeness.Check("losses with those of a head", result.Span, [.. losses.Select(loss => 3 * loss)], 4e-7 * losses.Max());
        Closeness.Check("dx", dx.Span, gradient, 1e-6 * classes);
        Assert.That(ranks.Span.ToArray(), Is.EqualTo(new[] { Rank(0), Rank(1), classes }));

        int Rank(int n) => Enumerable.Range(0, classes).Count(k => x[n * classes + k] > x[n * classes + labels[n]]);
    }
}
