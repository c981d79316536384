using System.Text.Json;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using GpuCnn.Models;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>What a recipe gives, what options give in its place, and what a run says of both.</summary>
public sealed class RecipeTests
{
    [Test]
    public void OptionsOverrideThePapersRecipe()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder), run = folder["run"];
        string text = Succeed("train", "--model", "resnet20", "--recipe", "paper", "--data", data, "--input", "3x16x16", "--batch", "6",
            "--steps", "2",
            "--weight-decay", "0.001", "--device", "cpu", "--out", run).Output;
        Assert.That(text, Does.Contain("Recipe    paper; weights by He et al.\n"));
        Assert.That(text, Does.Contain("scaled to 6), multistep, milestones 82,123, gamma 0.1; sgd, momentum 0.9, weight decay 0.001"));
        Assert.That(text, Does.Contain("augmented by crop4,flip"));
        JsonElement config = JsonDocument.Parse(File.ReadAllText(folder["run", "config.json"])).RootElement,
            settings = config.GetProperty("settings");
        Assert.That(config.GetProperty("recipe").GetString(), Is.EqualTo("paper"));
        Assert.That(settings.GetProperty("epochs").GetInt32(), Is.EqualTo(164), "the paper's");
        Assert.That(settings.GetProperty("batch").GetInt32(), Is.EqualTo(6), "the option's");
        // Six steps make an epoch: the resumed run has another length, and the same recipe.
        Assert.That(Succeed("train", "--resume", run, "--steps", "3").Output,
            Does.Contain("Recipe    paper; ").And.Contain("weight decay 0.001"));
    }

    /// <summary>A network with dropout, some biases of 1, and papers' steps that are not taken; it is not trained for long.</summary>
    [Test]
    public void SaysWhatIsAppliedAndWhatIsNot()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder, train: 2, validation: 1);
        string[] train = ["train", "--data", data, "--batch", "2", "--steps", "1", "--device", "cpu", "--input", "3x63x63", "--recipe",
            "paper", "--out"];
        string alexnet = Succeed([.. train, folder["alexnet"], "--model", "alexnet"]).Output;
        Assert.That(alexnet, Does.Contain("Recipe    paper; weights by normal, deviation 0.01, some biases 1; dropout 0.5\n"));
        Assert.That(alexnet, Does.Contain("          not applied: at most 3 drops of the rate\n"));
        string googlenet = Succeed(["train", "--data", data, "--batch", "2", "--steps", "1", "--device", "cpu", "--input", "3x65x65",
            "--model", "googlenet-torchvision", "--out", folder["googlenet"]]).Output;
        Assert.That(googlenet,
            Does.Contain("Recipe    default; weights by He et al.; dropout 0.7 and 0.2; 2 training heads of weight 0.3\n")
                .And.Not.Contain("not applied"));
        Assert.That(googlenet, Does.Contain("weight decay 0.0001, none of biases and norms"));
    }

    /// <summary>One of each paper; long tests start them all.</summary>
    public static IEnumerable<string> OfPapers
    {
        get
        {
            string[] quick = ["zfnet", "googlenet", "resnet18", "resnet20", "resnet110"];
            bool isLong = Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") == "1";
            return Architecture.All
                .Where(architecture => architecture.PaperRecipe is not null && (isLong || quick.Contains(architecture.Name)))
                .Select(architecture => architecture.Name);
        }
    }

    /// <summary>
    /// Two steps by the paper's recipe, of which only the batch is another; the run says all of it, and what is left out.
    /// </summary>
    [TestCaseSource(nameof(OfPapers))]
    public void APapersRecipeStarts(string name)
    {
        Architecture architecture = Architecture.Find(name);
        Recipe paper = architecture.FindRecipe("paper");
        TrainingSettings settings = paper.Settings;
        var sgd = (Sgd)settings.Optimizer;
        string input = $"{Models.ArchitectureTests.SmallInput(architecture)}";
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder, train: 4, validation: 1);
        string text = Succeed("train", "--model", name, "--recipe", "paper", "--data", data, "--input", input, "--batch", "4", "--steps",
            "2", "--device", "cpu", "--out", folder["run"]).Output;
        Assert.That(text, Does.Contain($"Recipe    paper; weights by {paper.Start.Name}"));
        TrainingSettings scaled = settings.AtBatch(4);
        string rate = FormattableString.Invariant($"Rate      {scaled.LearningRate} (the recipe's {settings.LearningRate} at a batch of ");
        Assert.That(text, Does.Contain($"{rate}{settings.Batch}, scaled to 4), {settings.Schedule.Name}"));
        Assert.That(text, Does.Contain(FormattableString.Invariant($"; {Settings.Describe(sgd)}\n")));
        Assert.That(text, Does.Contain($"augmented by {paper.Augmentation}\n"));
        if (paper.NotApplied.Count == 0) Assert.That(text, Does.Not.Contain("not applied"));
        else Assert.That(text, Does.Contain($"          not applied: {string.Join("; ", paper.NotApplied)}\n"));
        if (sgd.MaxFilterRms > 0) Assert.That(text,
            Does.Contain(FormattableString.Invariant($"; filters held to an RMS of {sgd.MaxFilterRms}")));
        if (architecture.Build().Graph.Heads.Count > 0) Assert.That(text,
            Does.Contain(FormattableString.Invariant($"; 2 training heads of weight {paper.HeadWeight}")));
        JsonElement config = JsonDocument.Parse(File.ReadAllText(folder["run", "config.json"])).RootElement.GetProperty("settings");
        Assert.That(
            (config.GetProperty("epochs").GetInt32(), config.GetProperty("batch").GetInt32(),
                config.GetProperty("learningRate").GetSingle(), config.GetProperty("optimizer").GetProperty("maxFilterRms").GetSingle()),
            Is.EqualTo((settings.Epochs, 4, scaled.LearningRate, sgd.MaxFilterRms)));
        Assert.That(File.ReadLines(folder["run", "metrics.csv"]).Count(), Is.EqualTo(2), "a header and the epoch that two steps end");
    }

    [Test]
    public void RefusesARecipeThatIsNotThere()
    {
        Fail(2, ["train", "--recipe", "best"], "--recipe expects default or paper", "'best'");
        Fail(2, ["train", "--recipe", "paper"], "smallcnn", "gpucnn models");
        Fail(2, ["train", "--resume", "x", "--recipe", "paper"], "--recipe cannot be changed by --resume");
    }
}
