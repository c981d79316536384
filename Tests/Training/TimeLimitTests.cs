using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>A time limit ends a run within it, with final weights, and the rest of the run goes on from there.</summary>
public sealed class TimeLimitTests : SmallRuns
{
    private const int StepsPerEpoch = 8;

    private static readonly TrainingSettings Settings =
        new() { Epochs = 4, Batch = 8, LearningRate = 0.05f, Seed = 5, Schedule = new Cosine(warmup: 1), SaveEveryMinutes = 0 };

    /// <summary>A batch of training takes a second, and one of the validation's four too, so that an epoch takes 12.</summary>
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Limits within an epoch, at its end, and before a step has its second.</summary>
    [TestCase(0.1, 1)]
    [TestCase(7, 3)]
    [TestCase(13, 8)]
    [TestCase(20, 11)]
    [TestCase(30, 17)]
    public void ARunEndsWithinItsLimitAndGoesOn(double seconds, int steps)
    {
        Train(Tiny(), "straight", Settings);
        var clock = new Clock();
        TrainingOutcome outcome = Run("limited", Limited(seconds), clock);
        Assert.That(outcome.End, Is.EqualTo(TrainingEnd.TimeLimit));
        Assert.That(outcome.Step, Is.EqualTo(steps));
        if (seconds > 6) Assert.That(clock.Elapsed.TotalSeconds, Is.LessThanOrEqualTo(seconds).And.GreaterThan(seconds - 6));
        Assert.That(outcome.WeightsPath, Is.EqualTo(Folder["limited", "final.safetensors"]).And.Matches<string>(File.Exists));
        Assert.That(outcome.Last!.Validation, Is.Not.Null, "the last validation is there");
        Assert.That(outcome.Last.Step, Is.EqualTo(steps));
        Assert.That(File.ReadAllLines(Folder["limited", "metrics.csv"])[^1], Does.StartWith($"{(steps - 1) / StepsPerEpoch + 1},{steps},"));

        TrainingOutcome rest = Run("limited", Settings, new Clock(), resume: true);
        Assert.That((rest.End, rest.Step), Is.EqualTo((TrainingEnd.Completed, 4L * StepsPerEpoch)));
        Assert.That(Bytes("limited"), Is.EqualTo(Bytes("straight")), "the same bits as without a limit");
        Assert.That(File.ReadAllLines(Folder["limited", "metrics.csv"]), Has.Length.EqualTo(5), "no row of a part of an epoch stays");
    }

    [Test]
    public void EachSessionHasALimitOfItsOwn()
    {
        long before = 0;
        foreach (double seconds in (double[])[7, 13, 7])
        {
            TrainingOutcome outcome = Run("run", Limited(seconds), new Clock(), resume: before > 0);
            Assert.That(outcome.End, Is.EqualTo(TrainingEnd.TimeLimit));
            Assert.That(outcome.Step, Is.GreaterThan(before));
            before = outcome.Step;
        }
        Train(Tiny(), "straight", Settings);
        Assert.That(Run("run", Settings, new Clock(), resume: true).End, Is.EqualTo(TrainingEnd.Completed));
        Assert.That(Bytes("run"), Is.EqualTo(Bytes("straight")));
    }

    [Test]
    public void ARunThatIsDoneBeforeIsComplete()
    {
        TrainingOutcome outcome = Run("run", Limited(1000), new Clock());
        Assert.That((outcome.End, outcome.Step), Is.EqualTo((TrainingEnd.Completed, 4L * StepsPerEpoch)));
    }

    [Test]
    public void EarlyStoppingGoesBeforeTheLimit()
    {
        TrainingOutcome outcome = Run("run", Limited(1000) with { LearningRate = 1e-30f, EarlyStop = 1 }, new Clock());
        Assert.That((outcome.End, outcome.Step), Is.EqualTo((TrainingEnd.StoppedEarly, 2L * StepsPerEpoch)));
    }

    private static TrainingSettings Limited(double seconds) => Settings with { TimeLimit = new Duration(TimeSpan.FromSeconds(seconds)) };

    private TrainingOutcome Run(string run, TrainingSettings settings, Clock clock, bool resume = false)
    {
        RunDirectory directory = resume ? RunDirectory.Open(Folder[run]) : RunDirectory.Create(Folder[run]);
        if (!resume) directory.WriteConfig("{}");
        using var trainer = new Trainer(
            Tiny(), Device, new Timed(Training, clock), new Timed(Validation, clock), settings, Metadata, directory, null, clock);
        if (resume) trainer.Resume();
        else trainer.Initialize();
        return trainer.Run(new Silent(), default);
    }

    private sealed class Silent : ITrainingObserver;

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }

    /// <summary>A data set each of whose batches takes a second.</summary>
    private sealed class Timed(IDataset data, Clock clock) : IDataset
    {
        public string Description => data.Description;

        public Shape Shape => data.Shape;

        public IReadOnlyList<string> Classes => data.Classes;

        public int Count => data.Count;

        public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null) =>
            new Reader(data.ReadTraining(batch, seed, firstStep, shard), clock);

        public IBatchReader ReadEvaluation(int batch, Shard? shard = null) => new Reader(data.ReadEvaluation(batch, shard), clock);

        private sealed class Reader(IBatchReader reader, Clock clock) : IBatchReader
        {
            public Batch? Next()
            {
                Batch? batch = reader.Next();
                if (batch is not null) clock.Elapsed += Second;
                return batch;
            }

            public void Dispose() => reader.Dispose();
        }
    }
}
