using System.Globalization;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Where a run ends, what it counts until then, and which weights it keeps.</summary>
public sealed class RunLengthTests : SmallRuns
{
    private const int StepsPerEpoch = 8;

    private static readonly TrainingSettings Settings = new() { Epochs = 4, Batch = 8, LearningRate = 0.05f, Seed = 5 };

    /// <summary>Stops within an epoch, at its end and before any; plateau counts whole epochs only.</summary>
    [TestCase(11, "cosine")]
    [TestCase(11, "plateau")]
    [TestCase(16, "poly")]
    [TestCase(3, "one-cycle")]
    public void ALongerRunIsTheWholeRun(int steps, string name)
    {
        Schedule schedule = name switch
        {
            "cosine" => new Cosine(warmup: 1),
            "poly" => new Poly(),
            "one-cycle" => new OneCycle(),
            _ => new Plateau(patience: 0, gamma: 0.5f),
        };
        TrainingSettings whole = Settings with { Schedule = schedule };
        TrainingOutcome straight = Run("straight", whole), shorter = Run("longer", whole with { Steps = steps });
        Assert.That((shorter.End, shorter.Step), Is.EqualTo((TrainingEnd.Completed, (long)steps)));
        string[] rows = Metrics("longer");
        Assert.That(rows[^1], Does.StartWith($"{(steps - 1) / StepsPerEpoch + 1},{steps},"), "the part of an epoch has a row");

        Assert.That(Run("longer", whole, resume: true).Step, Is.EqualTo(straight.Step));
        Assert.That(Bytes("longer", "final"), Is.EqualTo(Bytes("straight", "final")));
        Assert.That(Bytes("longer", "best"), Is.EqualTo(Bytes("straight", "best")));
        Assert.That(Metrics("longer"), Is.EqualTo(Metrics("straight")), "no row of a part of an epoch stays");
    }

    [Test]
    public void ScheduleStepsSqueezeTheSchedule()
    {
        TrainingSettings settings = Settings with { Schedule = new Cosine(), Steps = 11 };
        Run("whole", settings);
        Run("squeezed", settings with { ScheduleSteps = 11 });
        Assert.That(Rate("whole"), Is.EqualTo(0.05 * 0.5 * (1 + Math.Cos(Math.PI * 10 / 32))).Within(1e-6));
        Assert.That(Rate("squeezed"), Is.EqualTo(0.05 * 0.5 * (1 + Math.Cos(Math.PI * 10 / 11))).Within(1e-6));

        double Rate(string run) => double.Parse(Metrics(run)[^1].Split(',')[2], CultureInfo.InvariantCulture);
    }

    /// <summary>The shares of training are those of the images that were seen: 3 steps of 8.</summary>
    [Test]
    public void APartOfAnEpochCountsItsImages()
    {
        var seen = new Seen();
        Run("part", Settings with { Steps = 11 }, observer: seen);
        double top1 = double.Parse(Metrics("part")[^1].Split(',')[4], CultureInfo.InvariantCulture),
            loss = double.Parse(Metrics("part")[^1].Split(',')[3], CultureInfo.InvariantCulture);
        Assert.That(top1 * 24, Is.EqualTo(Math.Round(top1 * 24)).Within(1e-6));
        Assert.That(loss, Is.EqualTo(seen.Losses.Skip(8).Average()).Within(1e-6));
    }

    [Test]
    public void TheBestEpochsWeightsStay()
    {
        TrainingOutcome outcome = Run("run", Settings with { Epochs = 6, LearningRate = 0.5f });
        string[][] rows = [.. Metrics("run").Skip(1).Select(row => row.Split(','))];
        string[] best = rows.OrderByDescending(row => double.Parse(row[6], CultureInfo.InvariantCulture))
            .ThenBy(row => double.Parse(row[5], CultureInfo.InvariantCulture)).First();
        Assert.That(outcome.Best!.Epoch, Is.EqualTo(int.Parse(best[0], CultureInfo.InvariantCulture)));
        Assert.That(outcome.Best.Top1, Is.EqualTo(double.Parse(best[6], CultureInfo.InvariantCulture)).Within(1e-8));
        Assert.That(outcome.BestPath, Is.EqualTo(Folder["run", "best.safetensors"]));
        // The rate does not change, so that a run that ends there has the same weights.
        Run("until", Settings with { LearningRate = 0.5f, Steps = outcome.Best.Step });
        Assert.That(Bytes("until", "final"), Is.EqualTo(Bytes("run", "best")));
    }

    /// <summary>With a rate that changes nothing, the first epoch stays the best.</summary>
    [TestCase(1, 2)]
    [TestCase(2, 3)]
    public void StopsEarly(int patience, int epochs)
    {
        TrainingSettings settings = Settings with { LearningRate = 1e-30f, EarlyStop = patience };
        TrainingOutcome outcome = Run("run", settings);
        Assert.That((outcome.End, outcome.Step), Is.EqualTo((TrainingEnd.StoppedEarly, (long)epochs * StepsPerEpoch)));
        Assert.That(outcome.Best!.Epoch, Is.EqualTo(1));
        Assert.That(File.Exists(outcome.WeightsPath), "the run is complete");

        using (Trainer again = Make(Tiny(), "run", settings, resume: true))
            Assert.That(again.IsFinished, "nothing is left to train");
        Assert.That(Run("run", settings with { EarlyStop = 0 }, resume: true).Step, Is.EqualTo(4 * StepsPerEpoch));
    }

    [Test]
    public void StoppingEarlyWithoutValidationIsOneLine() =>
        OneLine.Thrown(() => new Trainer(Tiny(), Device, Training, null, Settings with { EarlyStop = 2 }, Metadata, null),
            "Stopping early", "validate");

    [Test]
    public void WeightsThatAreNotFiniteAreBlamed()
    {
        using Trainer trainer = Make(Tiny(), "run", Settings);
        Parameter bias = trainer.Parameters.Network.Parameters.Single(parameter => parameter.Path == "fc.bias");
        var broken = new Tensor(4);
        broken.Values[2] = float.PositiveInfinity;
        trainer.Parameters.SetWeights(bias, broken);
        OneLine.Thrown(trainer.CheckStart, "fc.bias", "start from other weights");
        trainer.Parameters.SetWeights(bias, new Tensor(4));
        Parameter filters = trainer.Parameters.Network.Parameters.Single(parameter => parameter.Path == "conv.weight");
        Tensor large = trainer.Parameters.GetWeights(filters);
        Array.Fill(large.Values, 3e38f);
        trainer.Parameters.SetWeights(filters, large);
        OneLine.Thrown(() => trainer.Run(new Seen(), default), "before any update", "starting weights");
    }

    /// <summary>After an epoch whose validation has exploded, the checkpoint of the epoch before is the good one.</summary>
    [Test]
    public void ALossThatExplodesIsNotGood()
    {
        TrainingState good = new(8) { LastLoss = 1.2, LowestLoss = 1.2 };
        Assert.That(good.IsGood(4));
        Assert.That((good with { LastLoss = 1e9 }).IsGood(4), Is.False);
        Assert.That((good with { LastLoss = double.PositiveInfinity }).IsGood(4), Is.False);
        Assert.That((good with { EpochLoss = 1e6, EpochImages = 10 }).IsGood(4), Is.False, "it exploded within the epoch");
        Assert.That((good with { LastLoss = 2.7 }).IsGood(4), "twice that of guessing, 2.77");
        Assert.That(new TrainingState(0).IsGood(4), "nothing is known yet");
        Assert.That((good with { LastLoss = 15, LowestLoss = 9 }).IsGood(4), "of a loss whose values are larger");
    }

    [Test]
    public void RateBelongsToItsBatch()
    {
        TrainingSettings recipe = new() { Batch = 64, LearningRate = 0.1f };
        Assert.That(recipe.AtBatch(16).LearningRate, Is.EqualTo(0.025f));
        Assert.That((recipe.AtBatch(256).Batch, recipe.AtBatch(256).LearningRate), Is.EqualTo((256, 0.1f)));
        Assert.That(recipe.For(256), Is.EqualTo(recipe), "large enough");
        Assert.That((recipe.For(255).Batch, recipe.For(255).LearningRate), Is.EqualTo((32, 0.05f)));
        foreach ((int images, int batch) in new[] { (16, 4), (9, 2), (3, 2), (2, 2), (1, 1) })
            Assert.That(recipe.For(images).Batch, Is.EqualTo(batch), $"{images} images");
    }

    private TrainingOutcome Run(string run, TrainingSettings settings, bool resume = false, ITrainingObserver? observer = null) =>
        Train(Tiny(), run, settings, resume, observer);

    private string[] Metrics(string run) =>
        [.. File.ReadAllLines(Folder[run, "metrics.csv"]).Select(row => string.Join(',', row.Split(',').Take(8)))];

    private sealed class Seen : ITrainingObserver
    {
        public List<double> Losses { get; } = [];

        public void StepDone(in StepReport report) => Losses.Add(report.BatchLoss);
    }
}
