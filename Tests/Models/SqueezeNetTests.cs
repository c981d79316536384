using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Models;
using GpuCnn.Tests.Torch;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>Compares SqueezeNet 1.1 with torchvision's and with the authors' definition.</summary>
public sealed class SqueezeNetTests
{
    private static readonly Architecture Subject = Architecture.Find("squeezenet1_1");

    [Test]
    public void LogitsMatchTorchvision() => Assert.That(TheirNetwork.DistanceOf(Subject.Name, "3x65x65"), Is.LessThan(1e-4));

    /// <summary>Compares volumes with the authors' definition.</summary>
    [TestCase("features.0", "64x111x111")]
    [TestCase("features.2", "64x55x55")]
    [TestCase("features.4.concat", "128x55x55")]
    [TestCase("features.7.concat", "256x27x27")]
    [TestCase("features.12.concat", "512x13x13")]
    [TestCase("classifier.1", "1000x13x13")]
    public void VolumesMatchTheAuthorsDefinition(string path, string shape) =>
        Assert.That($"{Subject.Build().Graph.Nodes.Single(node => node.Path == path).Output.Shape}", Is.EqualTo(shape));

    [Test]
    public void RecipeMatchesTheAuthorsSolver()
    {
        Recipe recipe = Subject.PaperRecipe!;
        var sgd = (Sgd)recipe.Settings.Optimizer;
        Assert.That((recipe.Settings.Epochs, recipe.Settings.Batch, recipe.Settings.LearningRate), Is.EqualTo((68, 512, 0.04f)));
        Assert.That((sgd.Momentum, sgd.WeightDecay, sgd.Nesterov, sgd.DecaysVectors), Is.EqualTo((0.9f, 2e-4f, false, true)));
        Assert.That(((Poly)recipe.Settings.Schedule).Power, Is.EqualTo(1));
        Assert.That((recipe.Start.Hidden, recipe.Start.Scores), Is.EqualTo((Initializer.Xavier, Initializer.Normal(0.01f))));
        Assert.That((recipe.Augmentation, recipe.Dropout), Is.EqualTo(("scale(256/224,square),flip", 0.5f)));
    }
}
