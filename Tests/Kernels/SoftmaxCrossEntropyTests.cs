using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Loss;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class SoftmaxCrossEntropyTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    /// <summary>Relative to the largest term of a result.</summary>
    private const double Accuracy = 1e-6;

    protected override void RunAll()
    {
        foreach (int classes in new[] { 10, 40, 80, 200, 1000 })
        {
            MatchesReference(classes, 0.1f, 5);
            MixedLabelsMatchReference(classes, 0.1f, 5);
        }
    }

    [TestCase(1, 0, 3)]
    [TestCase(2, 0, 1)]
    [TestCase(10, 0, 5)]
    [TestCase(10, 0.1f, 20)]
    [TestCase(33, 0.2f, 5)]
    [TestCase(1000, 0, 1)]
    [TestCase(1000, 0, 20)]
    [TestCase(1000, 0.1f, 5)]
    [TestCase(100_003, 0.1f, 8)]
    public void MatchesReference(int classes, float smoothing, float spread)
    {
        int images = classes > 5000 ? 3 : 6;
        // Images whose label is arbitrary, the surest, the first, the last, and missing.
        float[] x = Numbers.Reals(images * classes, 1, spread);
        int[] labels = [.. Enumerable.Range(0, images).Select(n => n * 7919 % classes)];
        x[labels[0]] += 2 * spread;
        labels[1] = classes - 1;
        labels[^1] = -1;
        Check(classes, x, labels, smoothing);
    }

    [TestCase(2, 0, 1)]
    [TestCase(10, 0, 5)]
    [TestCase(10, 0.1f, 20)]
    [TestCase(33, 0.2f, 5)]
    [TestCase(1000, 0, 20)]
    [TestCase(1000, 0.1f, 5)]
    public void MixedLabelsMatchReference(int classes, float smoothing, float spread)
    {
        float[] shares = [1, 0, 0.5f, 0.25f, 0.999_999f, 1e-6f, 0.3f, 0.7f];
        float[] x = Numbers.Reals(shares.Length * classes, 2, spread);
        int[] labels = [.. Enumerable.Range(0, shares.Length).Select(n => n * 7919 % classes)],
            others = [.. labels.Select(label => (label + 1) % classes)];
        others[6] = labels[6];
        (labels[7], others[7]) = (-1, -1);
        // Both labels are sure, with almost all of the share.
        x[4 * classes + labels[4]] += 2 * spread;
        x[5 * classes + others[5]] += 2 * spread;
        Check(classes, x, labels, smoothing, others, shares);
    }

    /// <summary>A loss near 0, where all but a float64's digits would cancel; and logits far from 0.</summary>
    [TestCase(8, 0)]
    [TestCase(14, 0)]
    [TestCase(20, 300)]
    [TestCase(90, -5000)]
    public void TinyLossesAndFarLogitsKeepPrecision(float ahead, float shift)
    {
        const int Classes = 300;
        float[] x = [.. Numbers.Eighths(2 * Classes, 3).Select(value => value + shift)];
        x[17] += ahead;
        x[Classes + 17] -= ahead;
        Check(Classes, x, [17, 17], 0);
    }

    [Test]
    public void EqualLogitsRankInTheirOrder()
    {
        float[] x = [2, 1, 2, 2, 1, 2, 1, 2, 2, 1];
        Check(5, x, [3, 0], 0);
        Check(5, x, [0, 2], 0);
    }

    [Test]
    public void RuledOutClassesGetNoGradient()
    {
        float[] x = [1, float.NegativeInfinity, 3, float.NegativeInfinity, float.PositiveInfinity, 2, float.NaN, 1];
        (float[] losses, int[] ranks, float[] dx) = Run(4, x, [0, 1], 0, true);
        double expected = Math.Log(Math.Exp(1) + Math.Exp(3)) - 1;
        Assert.Multiple(() =>
        {
            Assert.That(losses[0], Is.EqualTo(expected).Within(1e-6));
            Assert.That(dx[1], Is.Zero);
            Assert.That(losses[1], Is.NaN);
            Assert.That(ranks, Is.EqualTo(new[] { 1, 2 }));
        });
    }

    [TestCase(2, 0f, false)]
    [TestCase(40, 0.1f, true)]
    [TestCase(1000, 0.1f, false)]
    public void ClassWeightsMatchTheReference(int classes, float smoothing, bool mixed)
    {
        float[] x = Numbers.Reals(4 * classes, 1, 3), weights = [.. Enumerable.Range(0, classes).Select(k => k % 4 + 0.5f)];
        int[] labels = [0, classes - 1, 1, -1];
        int[]? others = mixed ? [classes - 1, 0, 1, -1] : null;
        float[]? shares = mixed ? [0.25f, 0.75f, 0.5f, 1] : null;
        (float[] losses, _, float[] dx) = Run(classes, x, labels, smoothing, true, others, shares, weights);
        double[] wide = Numbers.ToDouble(x);
        Closeness.Check("losses", losses,
            ReferenceSoftmaxCrossEntropy.Losses(classes, wide, labels, smoothing, others, shares, weights), 4e-5);
        Closeness.Check("dx", dx, ReferenceSoftmaxCrossEntropy.Gradient(classes, wide, labels, smoothing, others, shares, weights), 4e-6);
    }

    private void Check(int classes, float[] x, int[] labels, float smoothing, int[]? others = null, float[]? shares = null)
    {
        (float[] losses, int[] ranks, float[] dx) = Run(classes, x, labels, smoothing, true, others, shares);
        (float[] again, int[] ranksAgain, _) = Run(classes, x, labels, smoothing, false, others, shares);
        double[] wide = Numbers.ToDouble(x),
            expected = ReferenceSoftmaxCrossEntropy.Losses(classes, wide, labels, smoothing, others, shares);
        double[] gradient = ReferenceSoftmaxCrossEntropy.Gradient(classes, wide, labels, smoothing, others, shares);
        Closeness.CheckSameBits("losses of inference", again, losses);
        Assert.That(ranksAgain, Is.EqualTo(ranks));
        int real = labels.Count(label => label >= 0);
        Assert.Multiple(() =>
        {
            for (int n = 0; n < labels.Length; n++)
            {
                ReadOnlySpan<float> logits = x.AsSpan(n * classes, classes);
                Assert.That(losses[n], Is.EqualTo(expected[n]).Within(Accuracy * expected[n] + 1e-16), $"loss of image {n}");
                int main = shares is not null && shares[n] < 0.5f ? others![n] : labels[n];
                Assert.That(ranks[n], Is.EqualTo(labels[n] < 0 ? classes : Rank(logits, main)), $"rank of image {n}");
                for (int k = 0; k < classes; k++)
                {
                    // The gradient of a label that has all of the target is exact to its own digits.
                    double target = k == labels[n] && smoothing == 0
                        && shares is null ? 0 : ReferenceSoftmaxCrossEntropy.Target(k, n, classes, labels, smoothing, others, shares);
                    double actual = dx[n * classes + k], right = gradient[n * classes + k], error = Math.Abs(actual - right);
                    double allowed = labels[n] < 0 ? 0 : Accuracy * (Math.Abs(right) + target / real) + 1e-37;
                    if (!(error <= allowed))
                        Assert.Fail($"dx[{n}][{k}]: {actual:R} instead of {right:R}, error {error:E2}, allowed {allowed:E2}");
                }
            }
        });
    }

    private static int Rank(ReadOnlySpan<float> logits, int label)
    {
        int rank = 0;
        for (int k = 0; k < logits.Length; k++)
            if (logits[k] > logits[label] || logits[k] == logits[label] && k < label) rank++;
        return rank;
    }

    private (float[] Losses, int[] Ranks, float[] Gradient) Run(
        int classes, float[] x, int[] labels, float smoothing, bool training, int[]? others = null, float[]? shares = null,
        float[]? weights = null)
    {
        int real = labels.Count(label => label >= 0);
        DeviceBuffer<StepScalars> scalars = Device.Buffer(
            new StepScalars { Seed = 5, Step = 6, LearningRate = 7, Images = real, AllImages = real });
        DeviceBuffer<float> logits = Device.Buffer<float>(x), losses = Device.Unset<float>(labels.Length);
        DeviceBuffer<float> dx = Device.Unset<float>(training ? x.Length : 0);
        DeviceBuffer<int> given = Device.Buffer<int>(labels), ranks = Device.Unset<int>(labels.Length);
        bool mixed = others is not null;
        DeviceBuffer<int> second = Device.Buffer<int>(others ?? []);
        DeviceBuffer<float> parts = Device.Buffer<float>(shares ?? []);
        var kernel = new SoftmaxCrossEntropy(
            SoftmaxCrossEntropy.Threads(classes), training, false, mixed, weights is not null, scalars, logits, given,
                mixed ? second : default(ReadOnlyView<int>),
            mixed ? parts : default(ReadOnlyView<float>),
            weights is null ? default(ReadOnlyView<float>) : Device.Buffer<float>(weights), losses, ranks,
            training ? dx : default(View<float>), labels.Length, classes, smoothing, 1, weights?.Sum() ?? 0);
        Run(kernel, kernel.Groups);
        return (losses.Span.ToArray(), ranks.Span.ToArray(), dx.Span.ToArray());
    }
}
