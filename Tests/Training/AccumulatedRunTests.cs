using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Runs whose steps have several batches, or whose class layer has a rate of its own.</summary>
public sealed class AccumulatedRunTests : SmallRuns
{
    private static readonly TrainingSettings Whole = new() { Epochs = 2, Batch = 16, LearningRate = 0.05f, Seed = 5 };

    /// <summary>Steps, epochs, metrics and order of images are those of a run with the large batch.</summary>
    [Test]
    public void ARunIsThatOfTheLargeBatchWithinRounding()
    {
        (TrainingOutcome whole, ModelFile expected) = Run("whole", Whole);
        (TrainingOutcome parts, ModelFile actual) = Run("parts", Whole with { Batch = 4, Accumulate = 4 });
        Assert.That((parts.Step, parts.Last!.Epoch), Is.EqualTo((whole.Step, whole.Last!.Epoch)).And.EqualTo((8L, 2)));
        Assert.That(parts.Last.TrainLoss, Is.EqualTo(whole.Last.TrainLoss).Within(1e-5));
        Assert.That(parts.Last.TrainTop1, Is.EqualTo(whole.Last.TrainTop1));
        Assert.That(parts.Last.Validation!.Loss, Is.EqualTo(whole.Last.Validation!.Loss).Within(1e-5));
        foreach ((string name, Tensor tensor) in expected.Tensors)
            Assert.That(actual.Tensors[name].Values, Is.EqualTo(tensor.Values).Within(1e-5), name);
    }

    [TestCase(3)]
    [TestCase(4)]
    public void StoppedAndResumedItEndsWithTheSameBits(int stop)
    {
        TrainingSettings settings = Whole with { Batch = 8, Accumulate = 2, HeadLearningRate = 0.2f };
        Run("straight", settings);
        Run("stopped", settings with { Steps = stop });
        Run("stopped", settings, resume: true);
        Assert.That(File.ReadAllBytes(Folder["stopped", "final.safetensors"]),
            Is.EqualTo(File.ReadAllBytes(Folder["straight", "final.safetensors"])));
    }

    /// <summary>The rate of the head follows the schedule; the others move at theirs.</summary>
    [Test]
    public void TheHeadLearnsAtItsOwnRate()
    {
        (_, ModelFile still) = Run("still", Whole with { LearningRate = 1e-9f });
        (_, ModelFile moved) = Run("moved", Whole with { LearningRate = 1e-9f, HeadLearningRate = 0.05f });
        foreach ((string name, Tensor tensor) in moved.Tensors)
        {
            float change = tensor.Values.Zip(still.Tensors[name].Values, (a, b) => Math.Abs(a - b)).Max();
            Assert.That(change, name.StartsWith("fc.", StringComparison.Ordinal) ? Is.GreaterThan(1e-3) : Is.LessThan(1e-6), name);
        }
    }

    [Test]
    public void RefusesARateForAFrozenHead()
    {
        Network network = MakeNetwork();
        network.Freeze(path => path.StartsWith("fc.", StringComparison.Ordinal));
        var conflict = Assert.Throws<SettingConflictException>(() => new Trainer(
            network, Device, Training, null, Whole with { HeadLearningRate = 0.1f }, Metadata, null).Dispose());
        Assert.That(conflict!.Message, Does.Contain("fc.weight and fc.bias are frozen"));
        Assert.That(conflict.Names, Is.EqualTo(new[] { "head-lr" }));
    }

    [Test]
    public void RefusesAStepLargerThanTheDataSet()
    {
        var refused = Assert.Throws<BatchTooLargeException>(() => new Trainer(
            MakeNetwork(), Device, Training, null, Whole with { Accumulate = 5 }, Metadata, null).Dispose());
        Assert.That(refused!.Message, Does.Contain("5 x 16 of 70 images"));
        Assert.That(refused.Images, Is.EqualTo(14), "the largest batch that fits five times");
    }

    /// <summary>The recipe's rate belongs to all images of a step.</summary>
    [Test]
    public void TheRateIsScaledWithAllImagesOfAStep()
    {
        var recipe = new TrainingSettings { Batch = 64, LearningRate = 0.1f };
        Assert.That(recipe.AtBatch(16, 2).LearningRate, Is.EqualTo(0.05f));
        Assert.That(recipe.AtBatch(16, 4).LearningRate, Is.EqualTo(0.1f));
        Assert.That(recipe.AtBatch(16, 8).LearningRate, Is.EqualTo(0.1f));
        Assert.That((recipe.For(64, 4).Batch, recipe.For(64, 4).Accumulate, recipe.For(64, 4).LearningRate), Is.EqualTo((4, 4, 0.025f)));
        Assert.That((recipe.For(1000, 2).Batch, recipe.For(1000, 2).Accumulate), Is.EqualTo((64, 2)));
    }

    private static Network MakeNetwork() =>
        new("tiny", new Sequential { { "conv", new Conv2d(4, 3) }, new ReLU(), new Flatten(), { "fc", new Linear(4) } }, Input);

    private (TrainingOutcome Outcome, ModelFile Weights) Run(string name, TrainingSettings settings, bool resume = false) =>
        (Train(MakeNetwork(), name, settings, resume), ModelFile.Load(Folder[name, "final.safetensors"]));
}
