using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>A run learns, stops, resumes to the same bits, and keeps its results when something fails.</summary>
public sealed class TrainerTests
{
    private static readonly Shape Input = Shape.Volume(1, 8, 8);
    private static readonly PatternDataset Training = new(Input, 4, 70), Validation = new(Input, 4, 30);
    private static readonly ModelMetadata Metadata = new("tiny", Input, Training.Classes, [0.5f], [0.25f], ImageFit.Pad);

    private static readonly TrainingSettings Settings = new()
    {
        Epochs = 4,
        Batch = 8,
        LearningRate = 0.05f,
        Schedule = new Plateau(patience: 1, gamma: 0.5f),
        Seed = 5,
    };

    private static Network Tiny() => new("tiny", new Sequential
    {
        { "conv", new Conv2d(6, 3, padding: 1) }, new ReLU(), new MaxPool2d(2, 2), new Flatten(), new Dropout(0.25f),
            { "fc", new Linear(4) },
    }, Input);

    private static Trainer Make(CpuDevice device, string folder, TrainingSettings settings, bool resume = false,
        IDataset? training = null) => new(
        Tiny(), device, training ?? Training, Validation, settings, Metadata, resume ? RunDirectory.Open(folder) : Start(folder));

    private static RunDirectory Start(string folder)
    {
        RunDirectory run = RunDirectory.Create(folder);
        run.WriteConfig("{}");
        return run;
    }

    private static string[] Metrics(string folder) =>
        [.. File.ReadAllLines(Path.Combine(folder, "metrics.csv")).Select(row => string.Join(',', row.Split(',').Take(8)))];

    [Test]
    public void RunLearnsAndWritesItsFiles()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(2);
        using Trainer trainer = Make(device, folder["run"], Settings with { Epochs = 12 });
        trainer.Initialize();
        long expected = trainer.DeviceBytes;
        TrainingOutcome outcome = trainer.Run(new Silent(), default);
        Assert.That(outcome.End, Is.EqualTo(TrainingEnd.Completed));
        Assert.That(outcome.Last!.Validation!.Top1, Is.GreaterThan(0.9));
        Assert.That(outcome.Last.Validation.Images, Is.EqualTo(30));
        Assert.That(device.AllocatedBytes, Is.EqualTo(expected), "the bytes that were predicted");
        Assert.That(Metrics(folder["run"]), Has.Length.EqualTo(13));
        Assert.That(File.ReadLines(folder["run", "metrics.csv"]).First(),
            Is.EqualTo("epoch,step,learningRate,trainLoss,trainTop1,valLoss,valTop1,valTop5,imagesPerSecond,seconds"));
        Assert.That(Directory.GetFiles(folder["run"], "checkpoint-*"), Has.Length.EqualTo(2), "only the last two checkpoints stay");
        ModelFile weights = ModelFile.Load(outcome.WeightsPath!);
        Assert.That(weights.Tensors.Keys, Is.EquivalentTo(Tiny().Parameters.Select(parameter => parameter.Path)));
        Assert.That(weights.Metadata.Classes, Is.EqualTo(Training.Classes));
    }

    [Test]
    public void ResumeAfterAnyStopGivesSameBits([Values(1, 2)] int threads, [Values(0, 3)] int saveEvery)
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(threads);
        TrainingSettings settings = Settings with { SaveEvery = saveEvery };
        string straight = Finish(device, folder["straight"], settings);

        // 70 images in batches of 8 are 8 steps per epoch; stops in the middle, right after an epoch's last step, and in its validation.
        foreach (int stop in new[] { 1, 5, 8, 11, 16, 31 })
            foreach (bool whileValidating in new[] { false, true })
            {
                string path = folder[$"stop{stop}{whileValidating}"];
                using (Trainer first = Make(device, path, settings))
                {
                    using var cancel = new CancellationTokenSource();
                    first.Initialize();
                    TrainingOutcome outcome = first.Run(new Silent { StopAt = stop, WhileValidating = whileValidating, Cancel = cancel },
                        cancel.Token);
                    Assert.That(outcome.End, Is.EqualTo(TrainingEnd.Interrupted));
                }
                using (Trainer second = Make(device, path, settings, resume: true))
                {
                    second.Resume();
                    Assert.That(second.Run(new Silent(), default).End, Is.EqualTo(TrainingEnd.Completed));
                }
                Assert.That(File.ReadAllBytes(Path.Combine(path, "final.safetensors")), Is.EqualTo(File.ReadAllBytes(straight)),
                    $"stopped at step {stop}");
                Assert.That(Metrics(path), Is.EqualTo(Metrics(folder["straight"])), $"stopped at step {stop}");
            }
    }

    [Test]
    public void ThreadsDoNotChangeTheBits()
    {
        using var folder = new TemporaryFolder();
        using CpuDevice one = new(1), two = new(2);
        Assert.That(File.ReadAllBytes(Finish(one, folder["one"], Settings)),
            Is.EqualTo(File.ReadAllBytes(Finish(two, folder["two"], Settings))));
    }

    [Test]
    public void EpochsWrittenAfterTheCheckpointAreWrittenAgain()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        string straight = Finish(device, folder["straight"], Settings);
        using (Trainer first = Make(device, folder["killed"], Settings))
        {
            first.Initialize();
            first.Run(new Silent(), default);
        }
        // As after a kill: the newest checkpoint is damaged, and metrics of later epochs exist.
        string[] checkpoints = [.. Directory.GetFiles(folder["killed"], "checkpoint-*").Order()];
        File.WriteAllBytes(checkpoints[^1], File.ReadAllBytes(checkpoints[^1])[..100]);
        File.Delete(folder["killed", "final.safetensors"]);
        using (Trainer second = Make(device, folder["killed"], Settings, resume: true))
        {
            Assert.That(second.Resume(), Is.EqualTo(checkpoints[^2]));
            second.Run(new Silent(), default);
        }
        Assert.That(File.ReadAllBytes(folder["killed", "final.safetensors"]), Is.EqualTo(File.ReadAllBytes(straight)));
        Assert.That(Metrics(folder["killed"]), Is.EqualTo(Metrics(folder["straight"])));
    }

    [Test]
    public void NonFiniteLossStopsTheRunAndKeepsTheLastCheckpoint()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(2);
        var settings = Settings with { SaveEvery = 1, LearningRate = 1e6f, Schedule = new Constant(warmup: 3) };
        using Trainer trainer = Make(device, folder["run"], settings);
        trainer.Initialize();
        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Run(new Silent(), default))!;
        Assert.That(error.Message, Does.Contain("step").And.Contain("learning rate").And.Contain("checkpoint").And.Not.Contain("\n"));
        foreach (string path in Directory.GetFiles(folder["run"], "checkpoint-*"))
            Assert.That(ModelFile.Load(path).Tensors.Values.SelectMany(tensor => tensor.Values), Is.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void DivergenceBeforeTheFirstCheckpointSaysSo()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        using Trainer trainer = Make(device, folder["run"], Settings, training: new PatternDataset(Input, 4, 70, float.NaN));
        trainer.Initialize();
        OneLine.Thrown(() => trainer.Run(new Silent(), default), "NaN", "step 1", "before any update", "no checkpoint");
    }

    [Test]
    public void MismatchesGiveOneLine()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        OneLine.Thrown(() => Make(device, folder["a"], Settings with { Batch = 71 }), "71", "70");
        OneLine.Thrown(() => Make(device, folder["b"], Settings with { LearningRate = -1 }), "learning rate", "-1");
        OneLine.Thrown(() => Make(device, folder["c"], Settings with { Epochs = 0 }), "epoch", "0");
        OneLine.Thrown(() => Make(device, folder["d"], Settings with { Optimizer = new Sgd(momentum: 1) }), "momentum", "1");
        OneLine.Thrown(() => Make(device, folder["e"], Settings with { Optimizer = new Sgd(weightDecay: -0.1f) }), "weight decay");
        OneLine.Thrown(() => Make(device, folder["f"], Settings with { Loss = new SoftmaxCrossEntropy(labelSmoothing: 1) }), "smoothing");
        OneLine.Thrown(() => Make(device, folder["g"], Settings, training: new PatternDataset(Input, 3, 70)), "4", "3");
        OneLine.Thrown(() => RunDirectory.Open(folder["none"]), "config.json");
        Start(folder["h"]).Dispose();
        OneLine.Thrown(() => RunDirectory.Create(folder["h"]), "already holds a run");
        using Trainer fresh = Make(device, folder["h"], Settings, resume: true);
        OneLine.Thrown(() => fresh.Resume(), "no checkpoint");
    }

    [Test]
    public void CheckpointOfAnotherModelIsRefused()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        string path = Finish(device, folder["run"], Settings);
        Network other = new("other", new Sequential { new Flatten(), { "fc", new Linear(4) } }, Input);
        using var otherParameters = device.CreateParameters(other, training: false);
        OneLine.Thrown(() => WeightsFile.LoadInto(otherParameters, ModelFile.Load(path), path), "tiny", "other");
        Network wider = new("tiny",
            new Sequential { { "conv", new Conv2d(7, 3, padding: 1) }, new Flatten(), { "fc", new Linear(4) } }, Input);
        using var widerParameters = device.CreateParameters(wider, training: false);
        OneLine.Thrown(() => WeightsFile.LoadInto(widerParameters, ModelFile.Load(path), path), "conv.weight", "[7, 1, 3, 3]",
            "[6, 1, 3, 3]");
    }

    private static string Finish(CpuDevice device, string folder, TrainingSettings settings)
    {
        using Trainer trainer = Make(device, folder, settings);
        trainer.Initialize();
        return trainer.Run(new Silent(), default).WeightsPath!;
    }

    private sealed class Silent : ITrainingObserver
    {
        public int StopAt { get; init; } = -1;

        public bool WhileValidating { get; init; }

        public CancellationTokenSource? Cancel { get; init; }

        private long _step;

        public void StepDone(in StepReport report)
        {
            _step = report.Step;
            if (!WhileValidating && _step == StopAt) Cancel!.Cancel();
        }

        public void Validating(int epoch)
        {
            if (WhileValidating && _step >= StopAt) Cancel?.Cancel();
        }

        public void EpochDone(EpochReport report) { }

        public void CheckpointSaved(string path) { }
    }
}
