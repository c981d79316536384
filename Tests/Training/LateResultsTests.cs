using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Devices;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>
/// A run that reads the results of a step while later ones run is that of a device that waits: reports, metrics, rates, checkpoints,
/// weights, and where and how it stops.
/// </summary>
public sealed class LateResultsTests
{
    private const int StepsPerEpoch = 8;

    private static readonly Shape Input = Shape.Volume(1, 4, 4);
    private static readonly PatternDataset Training = new(Input, 3, 34), Validation = new(Input, 3, 9);
    private static readonly ModelMetadata Metadata = new("tiny", Input, Training.Classes, [0.5f], [0.25f], ImageFit.Pad);

    private static readonly TrainingSettings Settings = new()
    {
        Epochs = 4,
        Batch = 4,
        LearningRate = 0.3f,
        Schedule = new Plateau(patience: 1, gamma: 0.5f),
        Optimizer = new Sgd(0.9f, 1e-3f),
        Seed = 5,
        SaveEvery = 3,
        Keep = 0,
    };

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Open() => _folder = new();

    [TearDown]
    public void Close() => _folder.Dispose();

    [TestCase(1, 3)]
    [TestCase(2, 0)]
    public void ARunIsThatOfADeviceThatWaits(int accumulate, int saveEvery)
    {
        TrainingSettings settings = Settings with { Batch = Settings.Batch / accumulate, Accumulate = accumulate, SaveEvery = saveEvery };
        Watch expected = new(), actual = new();
        using (var debug = new DebugDevice()) Run(debug, "waits", settings, expected);
        using (var late = new LateDevice()) Run(late, "late", settings, actual);
        Assert.That(actual.Steps, Is.EqualTo(expected.Steps));
        Assert.That(actual.Steps.Select(step => step.Step), Is.EqualTo(Enumerable.Range(1, 4 * StepsPerEpoch)));
        Assert.That(Metrics("late"), Is.EqualTo(Metrics("waits")));
        Assert.That(actual.Checkpoints, Is.EqualTo(expected.Checkpoints));
        foreach (string file in Directory.GetFiles(_folder["waits"], "*.safetensors"))
        {
            if (Path.GetFileName(file).StartsWith("checkpoint", StringComparison.Ordinal)) continue;
            Assert.That(File.ReadAllBytes(_folder["late", Path.GetFileName(file)]), Is.EqualTo(File.ReadAllBytes(file)), file);
        }
    }

    /// <summary>
    /// A loss of the first epoch halves the rate of the second step after it, whether the device waits, and wherever the run is resumed.
    /// </summary>
    [Test]
    public void AHalvedRateCountsForTheSameStep([Values(4, 5, 6)] int bright)
    {
        var data = new Changed(step => step == bright ? Spoil : null);
        Watch expected = new(), actual = new();
        using (var debug = new DebugDevice()) Run(debug, "waits", Settings, expected, data);
        using var late = new LateDevice();
        Run(late, "late", Settings, actual, data);
        Assert.That(expected.Halvings, Is.Not.Empty);
        int halved = (int)expected.Halvings[0];
        Assert.That(expected.Steps.Take(halved + 2).Select(step => step.Rate / Settings.LearningRate),
            Is.EqualTo(Enumerable.Range(1, halved + 2).Select(step => step >= halved + 2 ? 0.5f : 1)));
        Assert.That(actual.Halvings, Is.EqualTo(expected.Halvings));
        Assert.That(actual.Steps, Is.EqualTo(expected.Steps));
        for (int stop = halved - 1; stop <= halved + 1; stop++)
        {
            using var cancel = new CancellationTokenSource();
            string run = $"stopped {stop}";
            Run(late, run, Settings, new Watch { StopAt = stop, Cancel = cancel }, data);
            Run(late, run, Settings, new Watch(), data, resume: true);
            Assert.That(Metrics(run), Is.EqualTo(Metrics("waits")), run);
        }
        byte[] weights = File.ReadAllBytes(_folder["waits", "final.safetensors"]);
        foreach (string run in new[] { "late", $"stopped {halved}" })
            Assert.That(File.ReadAllBytes(_folder[run, "final.safetensors"]), Is.EqualTo(weights), run);

        static void Spoil(Batch batch)
        {
            foreach (ref float value in batch.Images.AsSpan()) value *= 1e4f;
            foreach (ref int label in batch.Labels.AsSpan()) label = (label + 1) % 3;
        }
    }

    /// <summary>No step of the first epoch waits but those that are measured and the one at a checkpoint.</summary>
    [Test]
    public void TheFirstEpochDoesNotWait()
    {
        List<(long Known, long Begun)> seen = [];
        long begun = 0;
        var data = new Changed(step =>
        {
            begun = step;
            return null;
        });
        using var late = new LateDevice();
        Run(late, "run", Settings with { SaveEvery = 100 }, new Watch { OnStep = step => seen.Add((step, begun)) }, data);
        // The images of a step are asked for when the one before has begun.
        Assert.That(seen.Where(at => at.Known is > 3 and < StepsPerEpoch).Select(at => at.Begun - at.Known),
            Is.All.GreaterThanOrEqualTo(1));
    }

    /// <summary>
    /// In an epoch in which results come late: the second step of an epoch, one before a checkpoint, the last of an epoch.
    /// </summary>
    [TestCase(10)]
    [TestCase(14)]
    [TestCase(16)]
    [TestCase(5)]
    public void ALossThatIsNotFiniteStopsAtItsStep(int step)
    {
        string[] messages = [.. new Func<Device>[] { () => new DebugDevice(), () => new LateDevice() }.Select((make, i) =>
        {
            using Device device = make();
            var watch = new Watch();
            var error = Assert.Throws<TrainingDivergedException>(() => Run(device, $"run{i}", Settings, watch, Spoiled(step)))!;
            long good = (step - 1) / Settings.SaveEvery * Settings.SaveEvery;
            Assert.That(error.Message, Does.Contain($"at step {step} ").And.Not.Contain("\n"));
            Assert.That(error.Checkpoint, good == 0 ? Is.Null : Is.EqualTo(watch.Paths[^1]));
            Assert.That(watch.Steps[^1].Step, Is.EqualTo(step - 1));
            Assert.That(watch.Checkpoints.Last(), Is.EqualTo(good));
            foreach (string path in watch.Paths)
                Assert.That(ModelFile.Load(path).Tensors.Values.SelectMany(tensor => tensor.Values), Is.All.Matches<float>(float.IsFinite));
            return error.Message.Replace($"run{i}", "run", StringComparison.Ordinal);
        })];
        Assert.That(messages[1], Is.EqualTo(messages[0]));
    }

    [Test]
    public void ResumeAfterAnyStopGivesTheSameBits([Values(9, 12, 17)] int stop)
    {
        using var device = new LateDevice();
        Run(device, "straight", Settings, new Watch());
        using var cancel = new CancellationTokenSource();
        TrainingOutcome outcome = Run(device, "parts", Settings, new Watch { StopAt = stop, Cancel = cancel });
        Assert.That(outcome.End, Is.EqualTo(TrainingEnd.Interrupted));
        Assert.That(outcome.Step, Is.InRange((long)stop, stop + 1L), "a step that had begun is done");
        Assert.That(RunDirectory.StepOf(Directory.GetFiles(_folder["parts"], "checkpoint-*").Max()!), Is.EqualTo(outcome.Step));
        Assert.That(Run(device, "parts", Settings, new Watch(), resume: true).End, Is.EqualTo(TrainingEnd.Completed));
        Assert.That(File.ReadAllBytes(_folder["parts", "final.safetensors"]),
            Is.EqualTo(File.ReadAllBytes(_folder["straight", "final.safetensors"])));
        Assert.That(Metrics("parts"), Is.EqualTo(Metrics("straight")));
    }

    /// <summary>The steps before images that cannot be read are saved, those too whose results were not known yet.</summary>
    [Test]
    public void StepsBeforeUnreadableImagesAreSaved()
    {
        using var device = new LateDevice();
        var watch = new Watch();
        var broken = new Changed(step => step == 13 ? throw new UnreadableDataException("broken", new IOException()) : null);
        var error = Assert.Throws<UnreadableDataException>(() => Run(device, "run", Settings, watch, broken))!;
        Assert.That(error.Message, Does.Contain("The 13 steps done are saved."));
        Assert.That((watch.Steps[^1].Step, watch.Checkpoints.Last()), Is.EqualTo((13, 13)));
    }

    /// <summary>Ranks on devices of both kinds, which all read results when the slowest kind would.</summary>
    [Test]
    public void RanksOnSeveralKindsOfDevicesAgree()
    {
        foreach (string name in new[] { "waits", "late" })
        {
            ThreadRanks.Run(2, ranks =>
            {
                using Device device = name == "late" && ranks.Rank == 1 ? new LateDevice() : new DebugDevice();
                return Run(device, name, Settings with { Epochs = 2 }, new Watch(), ranks: ranks);
            });
        }
        ThreadRanks.Run(2, ranks =>
        {
            using var device = new LateDevice();
            return Run(device, "all", Settings with { Epochs = 2 }, new Watch(), ranks: ranks);
        });
        foreach (string name in new[] { "late", "all" })
        {
            Assert.That(File.ReadAllBytes(_folder[name, "final.safetensors"]),
                Is.EqualTo(File.ReadAllBytes(_folder["waits", "final.safetensors"])), name);
            Assert.That(Metrics(name), Is.EqualTo(Metrics("waits")), name);
        }
    }

    private string[] Metrics(string run) =>
        [.. File.ReadAllLines(_folder[run, "metrics.csv"]).Select(row => string.Join(',', row.Split(',').Take(8)))];

    private TrainingOutcome Run(
        Device device, string run, TrainingSettings settings, Watch watch, IDataset? training = null, bool resume = false,
        Engine.Distributed.Communicator? ranks = null)
    {
        RunDirectory? directory = ranks is { IsFirst: false } ? null
            : resume ? RunDirectory.Open(_folder[run]) : RunDirectory.Create(_folder[run]);
        if (!resume) directory?.WriteConfig("{}");
        var network = new Network("tiny", new Sequential
        {
            { "conv", new Conv2d(4, 3, padding: 1) }, new ReLU(), new Flatten(), new Dropout(0.25f), { "fc", new Linear(3) },
        }, Input);
        using var trainer = new Trainer(network, device, training ?? Training, Validation, settings, Metadata, directory, ranks: ranks);
        if (resume) trainer.Resume();
        else trainer.Initialize();
        return trainer.Run(watch, watch.Cancel?.Token ?? default);
    }

    private static Changed Spoiled(int step) => new(other =>
    {
        if (other == step - 1) return batch => Array.Fill(batch.Images, float.NaN);
        return null;
    });

    /// <summary>The training images, with batches that are changed, by their step from 0.</summary>
    private sealed class Changed(Func<long, Action<Batch>?> change) : IDataset
    {
        public string Description => Training.Description;

        public Shape Shape => Training.Shape;

        public IReadOnlyList<string> Classes => Training.Classes;

        public int Count => Training.Count;

        public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null) =>
            new Reader(Training.ReadTraining(batch, seed, firstStep, shard), firstStep, change);

        public IBatchReader ReadEvaluation(int batch, Shard? shard = null) => Training.ReadEvaluation(batch, shard);

        private sealed class Reader(IBatchReader reader, long step, Func<long, Action<Batch>?> change) : IBatchReader
        {
            public Batch? Next()
            {
                Action<Batch>? own = change(step++);
                Batch? batch = reader.Next();
                own?.Invoke(batch!);
                return batch;
            }

            public void Dispose() => reader.Dispose();
        }
    }

    private sealed class Watch : ITrainingObserver
    {
        public List<(int Step, float Rate, double BatchLoss, double EpochLoss, double Top1)> Steps { get; } = [];

        public List<string> Paths { get; } = [];

        public IEnumerable<long> Checkpoints => Paths.Select(path => RunDirectory.StepOf(path)!.Value);

        public List<long> Halvings { get; } = [];

        public Action<long>? OnStep { get; init; }

        public int StopAt { get; init; } = -1;

        public CancellationTokenSource? Cancel { get; init; }

        public void StepDone(in StepReport report)
        {
            Steps.Add(((int)report.Step, report.LearningRate, report.BatchLoss, report.EpochLoss, report.EpochTop1));
            OnStep?.Invoke(report.Step);
            if (report.Step == StopAt) Cancel!.Cancel();
        }

        public void RateHalved(long step, double loss, float factor) => Halvings.Add(step);

        public void CheckpointSaved(string path) => Paths.Add(path);
    }
}
