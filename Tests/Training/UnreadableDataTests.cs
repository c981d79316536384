using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Unreadable images stop a run, and all its completed steps are on disk.</summary>
public sealed class UnreadableDataTests
{
    private static readonly Shape Input = Shape.Volume(1, 6, 6);
    private static readonly PatternDataset Good = new(Input, 3, 24);
    private static readonly TrainingSettings Settings = new() { Batch = 8, Epochs = 3, LearningRate = 0.05f };
    private static readonly ModelMetadata Metadata = new("tiny", Input, Good.Classes, [0.5f], [0.25f], ImageFit.Pad);

    [TestCase(1, -1)]
    [TestCase(5, -1)]
    [TestCase(-1, 0)]
    [TestCase(-1, 1)]
    public void CompletedStepsAreSaved(int badTrainingStep, int badValidationBatch)
    {
        using var folder = new TemporaryFolder();
        float[] expected = Run(folder["whole"], Good, Good, resume: false);
        UnreadableDataException stop = Assert.Throws<UnreadableDataException>(
            () => Run(folder["cut"], new Failing(badTrainingStep), new Failing(badValidationBatch), resume: false))!;
        int done = badTrainingStep >= 0 ? badTrainingStep : 3;
        Assert.That(stop.Message, Does.Contain("picture 7").And.Contain($"{done} steps done are saved"));
        using (var run = RunDirectory.Open(folder["cut"])) Assert.That(run.Checkpoints().First(), Does.EndWith($"{done:D9}.safetensors"));
        Assert.That(Run(folder["cut"], Good, Good, resume: true), Is.EqualTo(expected));
        Assert.That(Rows("cut"), Is.EqualTo(Rows("whole")));

        string[] Rows(string name) =>
            [.. File.ReadAllLines(folder[name, "metrics.csv"]).Select(row => string.Join(',', row.Split(',')[..8]))];
    }

    [Test]
    public void BeforeTheFirstStepThereIsNothingToSave()
    {
        using var folder = new TemporaryFolder();
        Assert.That(Assert.Throws<UnreadableDataException>(() => Run(folder["run"], new Failing(0), Good, resume: false))!.Message,
            Is.EqualTo("picture 7 is bad."));
        using var run = RunDirectory.Open(folder["run"]);
        Assert.That(run.Checkpoints(), Is.Empty);
    }

    private static float[] Run(string path, IDataset training, IDataset validation, bool resume)
    {
        RunDirectory run = resume ? RunDirectory.Open(path) : RunDirectory.Create(path);
        run.WriteConfig("{}");
        using Device device = DeviceCatalog.Open("cpu");
        var network = new Network("tiny", new Sequential { new Flatten(), { "fc", new Linear(3) } }, Input);
        using var trainer = new Trainer(network, device, training, validation, Settings, Metadata, run);
        if (resume) trainer.Resume();
        else trainer.Initialize();
        trainer.Run(new Quiet(), default);
        return [.. trainer.Parameters.ExportWeights().SelectMany(pair => pair.Value.Values)];
    }

    /// <summary>Patterns with one unreadable batch.</summary>
    private sealed class Failing(int step) : IDataset
    {
        public string Description => Good.Description;

        public Shape Shape => Good.Shape;

        public IReadOnlyList<string> Classes => Good.Classes;

        public int Count => Good.Count;

        public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null) =>
            new Reader(Good.ReadTraining(batch, seed, firstStep, shard), step);

        public IBatchReader ReadEvaluation(int batch, Shard? shard = null) => new Reader(Good.ReadEvaluation(batch, shard), step);

        private sealed class Reader(IBatchReader reader, int bad) : IBatchReader
        {
            private int _step;

            public Batch? Next() => _step++ == bad ? throw new UnreadableDataException("picture 7 is bad.", new GpuCnnException("bad"))
                : reader.Next();

            public void Dispose() => reader.Dispose();
        }
    }

    private sealed class Quiet : ITrainingObserver
    {
        public void StepDone(in StepReport report) { }

        public void Validating(int epoch) { }

        public void EpochDone(EpochReport report) { }

        public void CheckpointSaved(string path) { }
    }
}
