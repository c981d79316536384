using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Models;
using GpuCnn.Tests.Torch;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Compares DenseNet-121 with torchvision's and with its paper.</summary>
public sealed class DenseNetTests
{
    private static readonly Architecture Subject = Architecture.Find("densenet121");

    [Test]
    public void LogitsMatchTorchvision() => Assert.That(TheirNetwork.DistanceOf(Subject.Name, "3x64x64"), Is.LessThan(1e-4));

    /// <summary>Compares volumes with table 1 of the paper.</summary>
    [TestCase("features.pool0", "64x56x56")]
    [TestCase("features.denseblock1.denselayer6.concat", "256x56x56")]
    [TestCase("features.transition1.pool", "128x28x28")]
    [TestCase("features.denseblock2.denselayer12.concat", "512x28x28")]
    [TestCase("features.denseblock3.denselayer24.concat", "1024x14x14")]
    [TestCase("features.denseblock4.denselayer16.concat", "1024x7x7")]
    public void VolumesMatchThePaper(string path, string shape) =>
        Assert.That($"{Subject.Build().Graph.Nodes.Single(node => node.Path == path).Output.Shape}", Is.EqualTo(shape));

    [Test]
    public void RecipeMatchesThePaper()
    {
        Recipe recipe = Subject.PaperRecipe!;
        var sgd = (Sgd)recipe.Settings.Optimizer;
        Assert.That((recipe.Settings.Epochs, recipe.Settings.Batch, recipe.Settings.LearningRate), Is.EqualTo((90, 256, 0.1f)));
        Assert.That((sgd.Momentum, sgd.WeightDecay, sgd.Nesterov, sgd.DecaysVectors), Is.EqualTo((0.9f, 1e-4f, true, true)));
        Assert.That((MultiStep)recipe.Settings.Schedule, Has.Property("Milestones").EqualTo(new[] { 30, 60 }));
        Assert.That(recipe.Start.Hidden, Is.EqualTo(Initializer.He));
        Assert.That(recipe.Augmentation, Is.EqualTo("crop(0.08-1),flip,jitter(0.4),pca(0.1)"));
    }
}
