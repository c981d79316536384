using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Tests of whole runs: small networks learn patterns of four classes, on one thread, in a folder that is removed.</summary>
public abstract class SmallRuns
{
    private protected static readonly Shape Input = Shape.Volume(1, 8, 8);
    private protected static readonly PatternDataset Training = new(Input, 4, 70), Validation = new(Input, 4, 30);

    private protected TemporaryFolder Folder { get; private set; } = null!;

    private protected CpuDevice Device { get; private set; } = null!;

    private protected static ModelMetadata Metadata => new("tiny", Input, Training.Classes, [0.5f], [0.25f], ImageFit.Pad);

    [SetUp]
    public void Open() => (Folder, Device) = (new(), new(1));

    [TearDown]
    public void Close()
    {
        Device.Dispose();
        Folder.Dispose();
    }

    private protected static Network Tiny() => new("tiny", new Sequential
    {
        { "conv", new Conv2d(6, 3, padding: 1) }, new ReLU(), new MaxPool2d(2, 2), new Flatten(), { "fc", new Linear(4) },
    }, Input);

    /// <summary>A trainer in the folder of this name, from its checkpoint or from the beginning.</summary>
    private protected Trainer Make(Network network, string run, TrainingSettings settings, bool resume = false)
    {
        RunDirectory directory = resume ? RunDirectory.Open(Folder[run]) : RunDirectory.Create(Folder[run]);
        try
        {
            if (!resume) directory.WriteConfig("{}");
            var trainer = new Trainer(network, Device, Training, Validation, settings, Metadata, directory);
            if (resume) trainer.Resume();
            else trainer.Initialize();
            return trainer;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private protected TrainingOutcome Train(
        Network network, string run, TrainingSettings settings, bool resume = false, ITrainingObserver? observer = null)
    {
        using Trainer trainer = Make(network, run, settings, resume);
        return trainer.Run(observer ?? new Silent(), default);
    }

    private protected byte[] Bytes(string run, string weights = "final") => File.ReadAllBytes(Folder[run, $"{weights}.safetensors"]);

    private sealed class Silent : ITrainingObserver;
}
