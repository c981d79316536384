using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Cli;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Library;

/// <summary>A user's program that trains on several ranks.</summary>
public sealed class RankedFitTests
{
    private TemporaryFolder _folder = null!;
    private string _data = null!;

    [SetUp]
    public void Write()
    {
        _folder = new();
        _data = TinyData.Write(_folder);
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    private FitOptions Options(Communicator ranks) => new()
    {
        Epochs = 2,
        Batch = 6,
        LearningRate = 0.01f,
        Ranks = ranks,
        Folder = _folder["run"],
    };

    [Test]
    public void RankZeroAloneHasObserversAndFiles()
    {
        (TrainingOutcome Outcome, int Steps, string? Folder, float Weight)[] results = ThreadRanks.Run(3, ranks =>
        {
            using Model model = Create(ranks);
            var counter = new StepCounter();
            using TrainingRun run = model.Prepare(ImageData.Open(_data), Options(ranks));
            TrainingOutcome outcome = run.Run(counter);
            return (outcome, counter.Steps, run.Directory?.Path, Conv(model));
        });
        Assert.That(results.Select(result => result.Steps), Is.EqualTo(new[] { 12, 0, 0 }));
        Assert.That(results.Select(result => result.Folder), Is.EqualTo(new[] { _folder["run"], null, null }));
        Assert.That(results[0].Outcome.WeightsPath, Is.EqualTo(Path.Combine(_folder["run"], "final.safetensors")));
        foreach ((TrainingOutcome outcome, _, _, float weight) in results)
        {
            Assert.That(outcome.Step, Is.EqualTo(12));
            Assert.That(outcome.Last!.Validation!.Top1, Is.EqualTo(results[0].Outcome.Last!.Validation!.Top1));
            Assert.That(weight, Is.EqualTo(results[0].Weight), "all ranks have the same weights");
        }
    }

    [Test]
    public void ARunIsResumedByOtherRanks()
    {
        ThreadRanks.Run(2, ranks =>
        {
            using Model model = Create(ranks);
            model.Fit(ImageData.Open(_data), Options(ranks));
        });
        float[] weights = ThreadRanks.Run(3, ranks =>
        {
            // Rank 0 alone needs to see the folder.
            using Model model = Model.Resume(ranks.IsFirst ? _folder["run"] : _folder["elsewhere"], new() { Epochs = 3, Ranks = ranks });
            return Conv(model);
        });
        Assert.That(weights, Is.All.EqualTo(weights[0]));
        using var saved = Model.Load(_folder["run", "final.safetensors"], Device.Open("cpu"));
        Assert.That(Conv(saved), Is.EqualTo(weights[0]));
        Assert.That(File.ReadAllLines(_folder["run", "metrics.csv"]), Has.Length.EqualTo(4));
    }

    /// <summary>Weights of a process alone are rank 0's, whatever the others have.</summary>
    [Test]
    public void AllRanksBeginWithTheWeightsOfRankZero()
    {
        float[] weights = ThreadRanks.Run(2, ranks =>
        {
            using Model model = Create(ranks);
            model.Fit(ImageData.Open(_data), new() { Epochs = 1, Batch = 6, Seed = (ulong)ranks.Rank });
            model.Fit(ImageData.Open(_data), Options(ranks));
            return Conv(model);
        });
        Assert.That(weights[1], Is.EqualTo(weights[0]));
    }

    [Test]
    public void RanksOfOtherNumbersAreRefused() => Assert.That(() => ThreadRanks.Run(2, ranks =>
    {
        using Model model = Create(ranks);
        model.Fit(ImageData.Open(_data), Options(ranks) with { Seed = (ulong)(1 + ranks.Rank) });
    }), Throws.InstanceOf<RankFailedException>().With.Message.Contains("\"seed\": 2 where rank 0 has \"seed\": 1"));

    [Test]
    public void SynchronizedNormsNeedNorms() => OneLine.Thrown(() =>
    {
        using Model model = Create(Communicator.Alone, "lenet5");
        model.Fit(ImageData.Open(_data), new() { Batch = 6, SyncsNorms = true });
    }, "lenet5 has none");

    private static Model Create(Communicator ranks, string name = "smallcnn") => Model.Create(name, TinyData.Classes,
        Device.Open("cpu", new() { Share = HostShare.Of(ranks) }), Shape.Volume(3, 16, 16));

    /// <summary>A trained weight.</summary>
    private static float Conv(Model model) => model.Store().ExportWeights().First().Value.Values[0];

    private sealed class StepCounter : ITrainingObserver
    {
        public int Steps { get; private set; }

        public void StepDone(in StepReport report) => Steps++;
    }
}
