using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Models;

/// <summary>
/// Checks the numbers of the papers' recipes, network by network. ArchitectureTests checks the weights and biases of alexnet and zfnet.
/// </summary>
public sealed class PaperRecipeTests
{
    /// <summary>Expected numbers. A row covers all names with this prefix that no earlier row covers.</summary>
    private sealed record Row(
        string Name, int Epochs, int Batch, float Rate, float Decay, string Schedule, float Gamma = 0.1f, string Start = "He et al.",
        float Dropout = 0);

    private static readonly Row[] Rows =
    [
        new("alexnet", 90, 128, 0.01f, 5e-4f, "plateau", Start: "normal, deviation 0.01", Dropout: 0.5f),
        // The paper names no weight decay.
        new("zfnet", 70, 128, 0.01f, 0, "plateau", Start: "normal, deviation 0.01", Dropout: 0.5f),
        new("vgg", 74, 256, 0.01f, 5e-4f, "plateau", Start: "Glorot and Bengio", Dropout: 0.5f),
        // Batch, rate, decay and epochs are Caffe's, because the paper does not state them.
        new("googlenet", 250, 32, 0.01f, 2e-4f, "step", 0.96f, Start: "Glorot and Bengio", Dropout: 0.4f),
        new("resnet20", 164, 128, 0.1f, 1e-4f, "multistep"),
        new("resnet32", 164, 128, 0.1f, 1e-4f, "multistep"),
        new("resnet44", 164, 128, 0.1f, 1e-4f, "multistep"),
        new("resnet56", 164, 128, 0.1f, 1e-4f, "multistep"),
        new("resnet110", 164, 128, 0.1f, 1e-4f, "multistep"),
        // 600,000 steps of 256 from 1,281,167 images are 120 epochs.
        new("resnet", 120, 256, 0.1f, 1e-4f, "plateau"),
    ];

    private static IEnumerable<Architecture> WithPaper => Architecture.All.Where(architecture => architecture.PaperRecipe is not null);

    public static IEnumerable<string> Names =>
        WithPaper.Select(architecture => architecture.Name).Where(name => Rows.Any(row => IsOf(row, name)));

    /// <summary>Checks that an architecture without a row here has a fixture of its own.</summary>
    [Test]
    public void EveryPaperRecipeIsTested()
    {
        IEnumerable<string> fixtures = typeof(PaperRecipeTests).Assembly.GetTypes()
            .Where(type => type.Namespace == "GpuCnn.Tests.Models").Select(type => type.Name);
        IEnumerable<Architecture> others = WithPaper.Where(architecture => !Rows.Any(row => IsOf(row, architecture.Name)));
        Assert.That(others.Select(architecture => $"{architecture.GetType().Name}Tests"), Is.SubsetOf(fixtures));
    }

    [TestCaseSource(nameof(Names))]
    public void RecipeMatchesThePaper(string name)
    {
        Recipe recipe = Architecture.Find(name).PaperRecipe!;
        TrainingSettings settings = recipe.Settings;
        var sgd = (Sgd)settings.Optimizer;
        Row row = Rows.First(row => IsOf(row, name));
        Assert.That(
            (settings.Epochs, settings.Batch, settings.LearningRate, sgd.WeightDecay, settings.Schedule.Name,
                Gamma(settings.Schedule), recipe.Start.Name),
            Is.EqualTo((row.Epochs, row.Batch, row.Rate, row.Decay, row.Schedule, row.Gamma, row.Start)));
        Assert.That(
            (sgd.Momentum, sgd.Nesterov, sgd.DecaysVectors, ((SoftmaxCrossEntropy)settings.Loss).LabelSmoothing),
            Is.EqualTo((0.9f, false, true, 0)), "plain SGD with momentum");
        if (row.Dropout > 0) Assert.That(recipe.Dropout, Is.EqualTo(row.Dropout));

        static float Gamma(Schedule schedule) => (float)Settings.Values(schedule)["gamma"]!;
    }

    private static bool IsOf(Row row, string name) => name.StartsWith(row.Name, StringComparison.Ordinal);

    [Test]
    public void PeculiaritiesOfSomeRecipesMatchThePapers()
    {
        string[] limited = ["zfnet", "zfnet-large", "zfnet-lecture"];
        Assert.That(Names.Where(name => Paper(name).Settings.Optimizer.MaxFilterRms > 0), Is.EqualTo(limited));
        Assert.That(Paper("googlenet"), Has.Property("HeadWeight").EqualTo(0.3f).And.Property("HeadDropout").EqualTo(0.7f));
        Assert.That((Step)Paper("googlenet").Settings.Schedule, Has.Property("Epochs").EqualTo(8));
        // After 32,000 and 48,000 steps, with 391 steps an epoch.
        Assert.That((MultiStep)Paper("resnet20").Settings.Schedule, Has.Property("Milestones").EqualTo(new[] { 82, 123 }));
        Assert.That(Paper("resnet20").Augmentation, Is.EqualTo("crop4,flip"));
        Assert.That(Names.Where(name => Paper(name).Settings.Schedule.Warmup > 0), Is.EqualTo(new[] { "resnet110" }));
        // These recipes are applied in full.
        Assert.That(Names.Where(name => Paper(name).NotApplied.Count == 0),
            Is.SupersetOf(new[] { "zfnet", "resnet20", "resnet32", "resnet44", "resnet56", "resnet18", "resnet50", "resnet152" }));
        foreach (string name in Names)
            foreach (string left in Paper(name).NotApplied) Assert.That(left, Does.Not.Contain("crop").And.Not.Contain("olour"), name);
        Assert.That(Paper("alexnet").Augmentation, Is.EqualTo("scale(256/224,square),flip,pca(0.1)"));
        Assert.That(Paper("vgg16").Augmentation, Is.EqualTo("scale(256-512/224),flip,pca(0.1)"));
        Assert.That(Paper("resnet18").Augmentation, Is.EqualTo("scale(256-480/224),flip,pca(0.1)"));
        Assert.That(Paper("googlenet").Augmentation, Is.EqualTo("crop(0.08-1),flip,jitter(0.5),pca(0.1)"));
        Assert.That(Paper("zfnet").Augmentation, Is.EqualTo("ten-crops(256/224,square)"));

        static Recipe Paper(string name) => Architecture.Find(name).PaperRecipe!;
    }
}
