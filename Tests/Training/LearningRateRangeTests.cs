using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>The learning rate range test: rates, smoothing, suggestions, and that weights stay what they were.</summary>
public sealed class LearningRateRangeTests : SmallRuns
{
    private static readonly TrainingSettings Settings = new() { Batch = 8, Seed = 5, Optimizer = new Sgd(momentum: 0.9f) };

    [TestCase(1e-6f, 10f, 100)]
    [TestCase(1e-3f, 1e-2f, 10)]
    public void RatesRiseByTheSameFactor(float from, float to, int steps)
    {
        LearningRateRange range = Measure(new() { From = from, To = to, Steps = steps });
        Assert.That(range.Points[0].LearningRate, Is.EqualTo(from).Within(1e-6 * from));
        if (!range.Exploded) Assert.That(range.Points[^1].LearningRate, Is.EqualTo(to).Within(1e-5 * to));
        double factor = Math.Pow((double)to / from, 1.0 / (steps - 1));
        foreach ((RangePoint point, RangePoint next) in range.Points.Zip(range.Points.Skip(1)))
            Assert.That(next.LearningRate / point.LearningRate, Is.EqualTo(factor).Within(1e-5 * factor));
    }

    /// <summary>s_t = (0.05 / (1 - 0.95^t)) (l_t + 0.95 l_(t-1) + ...).</summary>
    [Test]
    public void LossesAreSmoothedWithoutTheBiasOfTheStart()
    {
        LearningRateRange range = Measure(new());
        for (int i = 0; i < range.Points.Count; i++)
        {
            double sum = 0, weights = 0;
            for (int earlier = 0; earlier <= i; earlier++)
            {
                sum += Math.Pow(0.95, i - earlier) * range.Points[earlier].Loss;
                weights += Math.Pow(0.95, i - earlier);
            }
            Assert.That(range.Points[i].Smoothed, Is.EqualTo(sum / weights).Within(1e-9 * sum));
        }
    }

    [Test]
    public void SuggestionsAreWhereTheLossFallsFastestAndATenthOfTheLowest()
    {
        // Over the logarithm of the rate the loss falls slowly, then fast, then rises.
        double[] losses = [.. Enumerable.Range(0, 60)
            .Select(i => i < 20 ? 3 - 0.001 * i : i < 40 ? 2.98 - 0.1 * (i - 19) : 0.98 + 0.2 * (i - 40))];
        var range = new LearningRateRange(
            [.. losses.Select((loss, i) => new RangePoint(i, MathF.Pow(10, -4 + 0.1f * i), loss, loss))], Exploded: false);
        Assert.That(range.Lowest!.Step, Is.EqualTo(losses.Index().MinBy(point => point.Item).Index));
        Assert.That(range.TenthOfLowest, Is.EqualTo(range.Lowest.LearningRate / 10));
        Assert.That(range.Steepest!.Step, Is.InRange(20, 38));
        Assert.That(range.Suggestion, Is.EqualTo(range.Steepest.LearningRate));
    }

    [Test]
    public void ALossThatNeverFallsSuggestsNothing()
    {
        var rising = new LearningRateRange(
            [.. Enumerable.Range(0, 30).Select(i => new RangePoint(i, MathF.Pow(10, -4 + 0.1f * i), 1 + i, 1 + i))], Exploded: false);
        Assert.That((rising.Steepest, rising.Suggestion, rising.TenthOfLowest),
            Is.EqualTo(((RangePoint?)null, (float?)null, (float?)null)));
        Assert.That(new LearningRateRange([], Exploded: true).Lowest, Is.Null);
    }

    [Test]
    public void TheTestEndsWhereTheLossExplodes()
    {
        // Without a ReLU, which a high rate switches off for ever, and with a loss that no weights bring to 0.
        var network = new Network("linear", new Sequential { new Flatten(), { "fc", new Linear(4) } }, Input);
        LearningRateRange range = Measure(new() { From = 1e-3f, To = 1e9f, Steps = 60 },
            Settings with { Optimizer = new Sgd(), Loss = new SoftmaxCrossEntropy(0.2f) }, network);
        Assert.That(range.Exploded);
        Assert.That(range.Points, Has.Count.LessThan(60));
        double lowest = double.PositiveInfinity;
        foreach (RangePoint point in range.Points.SkipLast(1))
        {
            lowest = Math.Min(lowest, point.Smoothed);
            Assert.That(point.Smoothed, Is.LessThanOrEqualTo(4 * lowest));
        }
        Assert.That(range.Points.Select(point => point.Loss), Is.All.Matches<double>(double.IsFinite));
        Assert.That(range.Suggestion, Is.LessThan(range.Points[^1].LearningRate));
    }

    /// <summary>A network with running statistics and an optimizer with slots is trained, cancelled and exploded.</summary>
    [Test]
    public void WeightsAndStateAreWhatTheyWere([Values("whole", "cancelled", "exploded")] string way)
    {
        var network = new Network("norms", new Sequential
        {
            { "conv", new Conv2d(6, 3, padding: 1) }, { "norm", new BatchNorm2d() }, new ReLU(),
            new Flatten(), { "fc", new Linear(4) },
        }, Input);
        using ParameterStore parameters = Device.CreateParameters(network, training: true);
        parameters.Initialize(3);
        float[][] before = Values();
        bool changed = false;
        using var source = new CancellationTokenSource();
        Action measure = () => LearningRateRange.Measure(parameters, Training,
            Settings with { Optimizer = way == "exploded" ? new Sgd() : new AdamW() },
            new() { From = 1e-3f, To = way == "exploded" ? 1e9f : 1, Steps = 60 }, null, point =>
            {
                changed |= point.Step > 2 && !Same(before, Values());
                if (way == "cancelled" && point.Step == 10) source.Cancel();
            }, source.Token);
        if (way == "cancelled") Assert.That(() => measure(), Throws.InstanceOf<OperationCanceledException>());
        else measure();
        Assert.That(changed, "the test trains");
        Assert.That(Same(before, Values()));

        float[][] Values() => [.. parameters.ExportWeights().Select(pair => (float[])pair.Value.Values.Clone())];
        static bool Same(float[][] a, float[][] b) => a.Zip(b).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
    }

    [TestCase(0.1f, 0.1f)]
    [TestCase(1f, 0.01f)]
    public void ARateThatDoesNotRiseIsRefused(float from, float to) => OneLine.Thrown(
        () => Measure(new() { From = from, To = to }), "below");

    [Test]
    public void ABatchLargerThanTheDataIsRefused() =>
        Assert.That(() => Measure(new(), Settings with { Batch = 71 }), Throws.InstanceOf<BatchTooLargeException>());

    private LearningRateRange Measure(RangeTestOptions options, TrainingSettings? settings = null, Network? network = null)
    {
        using ParameterStore parameters = Device.CreateParameters(network ?? Tiny(), training: true);
        parameters.Initialize(3);
        return LearningRateRange.Measure(parameters, Training, settings ?? Settings, options);
    }
}
