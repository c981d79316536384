using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Frozen parameters that are trained from an epoch on, and batches that memory does not hold.</summary>
public sealed class LateTrainingTests
{
    private const int StepsPerEpoch = 8;

    private static readonly Shape Input = Shape.Volume(1, 8, 8);
    private static readonly PatternDataset Training = new(Input, 4, 70), Validation = new(Input, 4, 30);
    private static readonly TrainingSettings Settings = new() { Epochs = 3, Batch = 8, LearningRate = 0.05f, Seed = 5 };

    private TemporaryFolder _folder = null!;
    private CpuDevice _device = null!;

    [SetUp]
    public void Open() => (_folder, _device) = (new(), new(1));

    [TearDown]
    public void Close()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>Until then they stay; from then on the run is one that was never frozen, from the same weights and momentum.</summary>
    [Test]
    public void TheyStayUntilTheirEpochAndTrainFromItOn()
    {
        TrainingSettings late = Settings with { UnfreezeAt = 2 };
        Run("first", late with { Steps = StepsPerEpoch }, isFrozen: true);
        Run("frozen", Settings with { Steps = StepsPerEpoch }, isFrozen: true);
        Assert.That(Final("first"), Is.EqualTo(Final("frozen")));
        Run("late", late, isFrozen: true);
        Tensor before = ModelFile.Load(_folder["first", "final.safetensors"]).Tensors["conv.weight"],
            after = ModelFile.Load(_folder["late", "final.safetensors"]).Tensors["conv.weight"];
        Assert.That(before.Values.Zip(after.Values, (a, b) => Math.Abs(a - b)).Max(), Is.GreaterThan(1e-4f));

        Run("frozen", Settings, isFrozen: false, resume: true);
        Assert.That(Final("frozen"), Is.EqualTo(Final("late")), "as if it had never been frozen");
    }

    [TestCase(3)]
    [TestCase(8)]
    [TestCase(13)]
    public void StoppedAndResumedItEndsWithTheSameBits(int stop)
    {
        TrainingSettings late = Settings with { UnfreezeAt = 2 };
        Run("straight", late, isFrozen: true);
        Run("stopped", late with { Steps = stop }, isFrozen: true);
        Run("stopped", late, isFrozen: true, resume: true);
        Assert.That(Final("stopped"), Is.EqualTo(Final("straight")));
    }

    [Test]
    public void WithoutFrozenParametersItIsOneLine() =>
        OneLine.Thrown(() => Run("run", Settings with { UnfreezeAt = 2 }, isFrozen: false), "frozen", "all are trained");

    /// <summary>Halved until it fits, and no further; the images of a step stay.</summary>
    [Test]
    public void ABatchThatMemoryDoesNotHoldIsAccumulated()
    {
        Network network = new("wide", new Sequential
        {
            { "conv", new Conv2d(8, 3, padding: 1) }, new ReLU(), new MaxPool2d(2, 2), new Flatten(), { "fc", new Linear(4) },
        }, Shape.Volume(3, 512, 512));
        const int Images = 1 << 24;
        var one = new TrainingSettings { Batch = 1 };
        using (ParameterStore parameters = _device.CreateParameters(network, training: true))
        using (var plan = new Plan(parameters, new() { Images = 1, Training = true, Loss = one.Loss, Optimizer = one.Optimizer }))
        {
            int large = 1;
            while (large * plan.ArenaBytes < 2 * _device.FreeBytes) large *= 2;
            var settings = new TrainingSettings { Batch = large };
            Assert.That(() => TrainingSize.Check(network, _device, settings, Images), Throws.TypeOf<DeviceOutOfMemoryException>());
            TrainingSettings fitted = TrainingSize.Fit(network, _device, settings, Images);
            Assert.That(fitted.EffectiveBatch, Is.EqualTo(large));
            Assert.That(fitted.Accumulate, Is.GreaterThan(1));
            Assert.That(() => TrainingSize.Check(network, _device, fitted, Images), Throws.Nothing);
            var odd = new TrainingSettings { Batch = large + 1 };
            OneLine.Thrown(() => TrainingSize.Fit(network, _device, odd, Images), "the largest batch that fits");
        }
        Assert.That(TrainingSize.Fit(network, _device, one, Images), Is.SameAs(one), "what fits stays");
        Assert.That(_device.AllocatedBytes, Is.Zero);
    }

    private static Network Tiny(bool isFrozen)
    {
        Network network = new("tiny", new Sequential
        {
            { "conv", new Conv2d(6, 3, padding: 1) }, new ReLU(), new MaxPool2d(2, 2), new Flatten(), { "fc", new Linear(4) },
        }, Input);
        if (isFrozen) network.Freeze(path => path.StartsWith("conv", StringComparison.Ordinal));
        return network;
    }

    private void Run(string run, TrainingSettings settings, bool isFrozen, bool resume = false)
    {
        Network network = Tiny(isFrozen);
        if (isFrozen && settings.UnfreezeAt > 0) network.TrainFrozenLate();
        RunDirectory directory = resume ? RunDirectory.Open(_folder[run]) : RunDirectory.Create(_folder[run]);
        if (!resume) directory.WriteConfig("{}");
        using Trainer trainer = Make(network, directory, settings);
        if (resume) trainer.Resume();
        else trainer.Initialize();
        trainer.Run(new Silent(), default);
    }

    private Trainer Make(Network network, RunDirectory directory, TrainingSettings settings)
    {
        try
        {
            return new(network, _device, Training, Validation, settings, new("tiny", Input, Training.Classes, [0.5f], [0.25f],
                ImageFit.Pad),
                directory);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private byte[] Final(string run) => File.ReadAllBytes(_folder[run, "final.safetensors"]);

    private sealed class Silent : ITrainingObserver;
}
