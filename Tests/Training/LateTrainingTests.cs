using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Frozen parameters that are trained from an epoch on, and batches that memory does not hold.</summary>
public sealed class LateTrainingTests : SmallRuns
{
    private const int StepsPerEpoch = 8;

    private static readonly TrainingSettings Settings = new() { Epochs = 3, Batch = 8, LearningRate = 0.05f, Seed = 5 };

    /// <summary>Until then they stay; from then on the run is one that was never frozen, from the same weights and momentum.</summary>
    [Test]
    public void TheyStayUntilTheirEpochAndTrainFromItOn()
    {
        TrainingSettings late = Settings with { UnfreezeAt = 2 };
        Run("first", late with { Steps = StepsPerEpoch }, isFrozen: true);
        Run("frozen", Settings with { Steps = StepsPerEpoch }, isFrozen: true);
        Assert.That(Bytes("first"), Is.EqualTo(Bytes("frozen")));
        Run("late", late, isFrozen: true);
        Tensor before = ModelFile.Load(Folder["first", "final.safetensors"]).Tensors["conv.weight"],
            after = ModelFile.Load(Folder["late", "final.safetensors"]).Tensors["conv.weight"];
        Assert.That(before.Values.Zip(after.Values, (a, b) => Math.Abs(a - b)).Max(), Is.GreaterThan(1e-4f));

        Run("frozen", Settings, isFrozen: false, resume: true);
        Assert.That(Bytes("frozen"), Is.EqualTo(Bytes("late")), "as if it had never been frozen");
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
        Assert.That(Bytes("stopped"), Is.EqualTo(Bytes("straight")));
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
        using (ParameterStore parameters = Device.CreateParameters(network, training: true))
        using (var plan = new Plan(parameters, new() { Images = 1, Training = true, Loss = one.Loss, Optimizer = one.Optimizer }))
        {
            int large = 1;
            while (large * plan.ArenaBytes < 2 * Device.FreeBytes) large *= 2;
            var settings = new TrainingSettings { Batch = large };
            Assert.That(() => TrainingSize.Check(network, Device, settings, Images), Throws.TypeOf<DeviceOutOfMemoryException>());
            TrainingSettings fitted = TrainingSize.Fit(network, Device, settings, Images);
            Assert.That(fitted.EffectiveBatch, Is.EqualTo(large));
            Assert.That(fitted.Accumulate, Is.GreaterThan(1));
            Assert.That(() => TrainingSize.Check(network, Device, fitted, Images), Throws.Nothing);
            var odd = new TrainingSettings { Batch = large + 1 };
            OneLine.Thrown(() => TrainingSize.Fit(network, Device, odd, Images), "the largest batch that fits");
        }
        Assert.That(TrainingSize.Fit(network, Device, one, Images), Is.SameAs(one), "what fits stays");
        Assert.That(Device.AllocatedBytes, Is.Zero);
    }

    private void Run(string run, TrainingSettings settings, bool isFrozen, bool resume = false)
    {
        Network network = Tiny();
        if (isFrozen) network.Freeze(path => path.StartsWith("conv", StringComparison.Ordinal));
        if (isFrozen && settings.UnfreezeAt > 0) network.TrainFrozenLate();
        Train(network, run, settings, resume);
    }
}
