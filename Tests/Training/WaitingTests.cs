using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Checks the reported time spent waiting for images.</summary>
public sealed class WaitingTests
{
    private static readonly Shape Input = Shape.Volume(1, 6, 6);
    private static readonly PatternDataset Patterns = new(Input, 3, 24);

    [Test]
    public void ShareOfTimeSpentWaitingIsReported()
    {
        List<double> slow = Run(new Slow(TimeSpan.FromMilliseconds(100)));
        Assert.That(slow, Has.Count.EqualTo(2).And.All.InRange(0.6, 1.0));
        Assert.That(Run(Patterns).Average(), Is.LessThan(slow.Average()));
    }

    private static List<double> Run(IDataset training)
    {
        using var folder = new TemporaryFolder();
        RunDirectory run = RunDirectory.Create(folder["run"]);
        run.WriteConfig("{}");
        using Device device = DeviceCatalog.Open("cpu");
        var network = new Network("tiny", new Sequential { new Flatten(), { "fc", new Linear(3) } }, Input);
        var settings = new TrainingSettings { Batch = 8, Epochs = 2, LearningRate = 0.05f };
        var metadata = new ModelMetadata("tiny", Input, Patterns.Classes, [0.5f], [0.25f], ImageFit.Pad);
        using var trainer = new Trainer(network, device, training, null, settings, metadata, run);
        trainer.Initialize();
        var shares = new Shares();
        trainer.Run(shares, default);
        Assert.That(shares.OfSteps, Has.Count.EqualTo(6).And.All.InRange(0.0, 1.0));
        return shares.OfEpochs;
    }

    private sealed class Slow(TimeSpan pause) : IDataset
    {
        public string Description => Patterns.Description;

        public Shape Shape => Patterns.Shape;

        public IReadOnlyList<string> Classes => Patterns.Classes;

        public int Count => Patterns.Count;

        public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null) =>
            new Reader(Patterns.ReadTraining(batch, seed, firstStep, shard), pause);

        public IBatchReader ReadEvaluation(int batch, Shard? shard = null) => Patterns.ReadEvaluation(batch, shard);
    }

    private sealed class Reader(IBatchReader inner, TimeSpan pause) : IBatchReader
    {
        public Batch? Next()
        {
            Thread.Sleep(pause);
            return inner.Next();
        }

        public void Dispose() => inner.Dispose();
    }

    private sealed class Shares : ITrainingObserver
    {
        public List<double> OfSteps { get; } = [];

        public List<double> OfEpochs { get; } = [];

        public void StepDone(in StepReport report) => OfSteps.Add(report.WaitingShare);

        public void Validating(int epoch) { }

        public void EpochDone(EpochReport report) => OfEpochs.Add(report.WaitingShare);

        public void CheckpointSaved(string path) { }
    }
}
