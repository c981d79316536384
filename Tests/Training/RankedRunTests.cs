using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Distributed;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Whole runs on several ranks.</summary>
public sealed class RankedRunTests : SmallRuns
{
    private static readonly TrainingSettings Settings = new()
    {
        Epochs = 3,
        Batch = 16,
        LearningRate = 0.05f,
        Optimizer = new Sgd(0.9f, 1e-4f),
        SaveEvery = 3,
        Keep = 0,
        Ema = 0.9f,
    };

    /// <summary>A norm and dropout, and a batch that does not divide by the ranks.</summary>
    private static Network Net() => new("tiny", new Sequential
    {
        { "conv", new Conv2d(6, 3, padding: 1) }, { "bn", new BatchNorm2d() }, new ReLU(), new MaxPool2d(2, 2), new Flatten(),
        new Dropout(0.2f), { "fc", new Linear(4) },
    }, Input);

    /// <summary>Without a norm, so that nothing but the order of sums differs.</summary>
    [TestCase(2, 1)]
    [TestCase(3, 1)]
    [TestCase(5, 2)]
    public void ARunIsThatOfOneProcess(int size, int accumulate)
    {
        TrainingSettings settings = Settings with { Batch = Settings.Batch / accumulate, Accumulate = accumulate };
        List<EpochReport> expected = Run(1, "one", settings, Tiny), actual = Run(size, "ranks", settings, Tiny);
        Assert.That(actual, Has.Count.EqualTo(3));
        foreach ((EpochReport one, EpochReport ranks) in expected.Zip(actual))
        {
            Assert.That(ranks.TrainLoss, Is.EqualTo(one.TrainLoss).Within(1e-5));
            Assert.That(ranks.TrainTop1, Is.EqualTo(one.TrainTop1).Within(0.05));
            Assert.That(ranks.Validation!.Images, Is.EqualTo(Validation.Count));
            Assert.That(ranks.Validation.Loss, Is.EqualTo(one.Validation!.Loss).Within(1e-5));
            Assert.That(ranks.AverageValidation!.Loss, Is.EqualTo(one.AverageValidation!.Loss).Within(1e-5));
        }
        foreach ((string name, Engine.Tensors.Tensor tensor) in ModelFile.Load(Folder["one", "final.safetensors"]).Tensors)
        {
            float[] values = ModelFile.Load(Folder["ranks", "final.safetensors"]).Tensors[name].Values;
            Closeness.Check(name, values, Numbers.ToDouble(tensor.Values), 1e-5 * tensor.Values.Max(Math.Abs));
        }
    }

    [Test]
    public void TheSameRanksGiveTheSameBits([Values(2, 3)] int size, [Values] bool syncs)
    {
        TrainingSettings settings = Settings with { SyncsNorms = syncs };
        Run(size, "first", settings, Net);
        Run(size, "second", settings, Net);
        Assert.That(Bytes("second"), Is.EqualTo(Bytes("first")));
        Assert.That(Bytes("second", "ema"), Is.EqualTo(Bytes("first", "ema")));
    }

    [Test]
    public void OnlyRank0WritesAndObserves()
    {
        Run(3, "run", Settings, Net);
        Assert.That(Directory.GetFiles(Folder["run"]).Select(Path.GetFileName), Is.SupersetOf(
            new[] { "final.safetensors", "best.safetensors", "ema.safetensors", "metrics.csv" }));
        Assert.That(() => ThreadRanks.Run(2, ranks =>
        {
            using var device = new CpuDevice(1);
            using RunDirectory run = RunDirectory.Create(Folder[$"own{ranks.Rank}"]);
            using var trainer = new Trainer(Net(), device, Training, null, Settings, Metadata, run, ranks: ranks);
        }), Throws.ArgumentException);
    }

    /// <summary>A run that is stopped at any step by any rank goes on to the same bits with the same ranks.</summary>
    [Test]
    public void ResumesWithTheSameBits([Values(1, 4, 5, 8)] int step)
    {
        Run(3, "whole", Settings, Net);
        Run(3, "parts", Settings, Net, stopAt: step, stoppedRank: step % 3);
        Assert.That(RunDirectory.StepOf(Directory.GetFiles(Folder["parts"], "checkpoint-*").Max()!), Is.EqualTo(step));
        Run(3, "parts", Settings, Net, resume: true);
        Assert.That(Bytes("parts"), Is.EqualTo(Bytes("whole")));
        Assert.That(Bytes("parts", "ema"), Is.EqualTo(Bytes("whole", "ema")));
        Assert.That(File.ReadAllLines(Folder["parts", "metrics.csv"]), Has.Length.EqualTo(4));
    }

    [TestCase(1, 2)]
    [TestCase(4, 3)]
    [TestCase(2, 1)]
    public void ResumesWithOtherRanks(int before, int after)
    {
        Run(1, "whole", Settings, Tiny);
        Run(before, "parts", Settings, Tiny, stopAt: 6);
        List<EpochReport> rest = Run(after, "parts", Settings, Tiny, resume: true);
        Assert.That(rest.Select(epoch => epoch.Step), Is.EqualTo(new[] { 8, 12 }));
        foreach ((string name, Engine.Tensors.Tensor tensor) in ModelFile.Load(Folder["whole", "final.safetensors"]).Tensors)
        {
            float[] values = ModelFile.Load(Folder["parts", "final.safetensors"]).Tensors[name].Values;
            Closeness.Check(name, values, Numbers.ToDouble(tensor.Values), 1e-5 * tensor.Values.Max(Math.Abs));
        }
    }

    /// <summary>A rank that starts from other weights gets rank 0's, and a rank whose weights become others ends the run.</summary>
    [Test]
    public void ARankWithOtherWeightsEndsTheRun()
    {
        var other = Assert.Throws<RanksDifferException>(() => ThreadRanks.Run(3, ranks =>
        {
            using var device = new CpuDevice(1);
            using var trainer = new Trainer(Tiny(), device, Training, Validation, Settings, Metadata, null, ranks: ranks);
            trainer.Initialize();
            Parameter bias = trainer.Parameters.Network.Parameters[1];
            trainer.Run(new AtStep(5, () =>
            {
                Engine.Tensors.Tensor values = trainer.Parameters.GetWeights(bias);
                if (ranks.Rank == 2) values.Values[0] = MathF.BitIncrement(values.Values[0]);
                trainer.Parameters.SetWeights(bias, values);
            }), default);
        }));
        Assert.That(other!.Message, Does.Contain("rank 2").And.Contain("step 8"));
    }

    [Test]
    public void AllRanksStartFromRank0() => Assert.That(() => ThreadRanks.Run(2, ranks =>
    {
        using var device = new CpuDevice(1);
        TrainingSettings settings = Settings with { Seed = 1 };
        using var trainer = new Trainer(Net(), device, Training, Validation, settings, Metadata, null, ranks: ranks);
        trainer.Parameters.Initialize((ulong)ranks.Rank + 7);
        trainer.Run(new AtStep(0, () => { }), default);
    }), Throws.Nothing);

    /// <summary>A norm with one value per channel of a rank has a variance only over all ranks.</summary>
    [Test]
    public void AnImageOfEachRankIsEnoughForSyncedNorms() => ThreadRanks.Run(2, ranks =>
    {
        using var device = new CpuDevice(1);
        Network network = new("single", new Sequential
        {
            { "conv", new Conv2d(4, 8) }, { "bn", new BatchNorm2d() }, new Flatten(), { "fc", new Linear(4) },
        }, Input);
        TrainingSettings settings = Settings with { Batch = 2 };
        Assert.That(() => TrainingSize.Check(network, device, settings with { SyncsNorms = true }, 70, ranks), Throws.Nothing);
        Assert.That(() => TrainingSize.Check(network, device, settings, 70, ranks), Throws.TypeOf<SingleValueException>());
    });

    [Test]
    public void OneRankWithoutImagesToJudge()
    {
        List<EpochReport> epochs = Run(4, "few", Settings with { Epochs = 1 }, Tiny, validation: new(Input, 4, 2));
        Assert.That(epochs.Single().Validation!.Images, Is.EqualTo(2));
    }

    private List<EpochReport> Run(
        int size, string name, TrainingSettings settings, Func<Network> make, bool resume = false, int stopAt = 0, int stoppedRank = 0,
        PatternDataset? validation = null) => ThreadRanks.Run(size, ranks =>
        {
            using var device = new CpuDevice(1);
            RunDirectory? run = !ranks.IsFirst ? null : resume ? RunDirectory.Open(Folder[name]) : RunDirectory.Create(Folder[name]);
            if (!resume) run?.WriteConfig("{}");
            using var trainer = new Trainer(
                make(), device, Training, validation ?? Validation, settings, Metadata, run, ranks: ranks);
            if (resume) trainer.Resume();
            else trainer.Initialize();
            using var source = new CancellationTokenSource();
            var observer = new AtStep(stopAt, () =>
            {
                if (ranks.Rank == stoppedRank) source.Cancel();
            });
            TrainingOutcome outcome = trainer.Run(observer, source.Token);
            Assert.That(outcome.End, Is.EqualTo(stopAt > 0 ? TrainingEnd.Interrupted : TrainingEnd.Completed));
            Assert.That(outcome.WeightsPath is null, Is.EqualTo(!ranks.IsFirst));
            return observer.Epochs;
        })[0];

    private sealed class AtStep(long step, Action action) : ITrainingObserver
    {
        public List<EpochReport> Epochs { get; } = [];

        public void StepDone(in StepReport report)
        {
            if (report.Step == step) action();
        }

        public void EpochDone(EpochReport report) => Epochs.Add(report);
    }
}
