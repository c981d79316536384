using System.Text.Json;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Sets;

/// <summary>
/// The rows of docs/architecture.md for an optimizer, a loss and a schedule: classes that only the user's assembly has are found by name,
/// train, and are written to and read from configuration and checkpoint. The contracts of the sets test them as they do the library's.
/// </summary>
public sealed class UserDefinedTests
{
    [Test]
    public void TheyAreFoundByName()
    {
        Assert.That(Registry<Optimizer>.Find("user-adagrad"), Is.TypeOf<UserAdagrad>());
        Assert.That(Registry<Loss>.Find("user-squared-error"), Is.TypeOf<UserSquaredError>());
        Assert.That(Registry<Schedule>.Find("user-sawtooth"), Is.TypeOf<UserSawtooth>());
        Assert.That((UserSawtooth)Registry<Schedule>.Create("user-sawtooth", new Dictionary<string, object?> { ["teeth"] = 5 }),
            Has.Property("Teeth").EqualTo(5));
        OneLine.Thrown(() => Registry<Optimizer>.Create("user-adagrad", new Dictionary<string, object?> { ["epsilon"] = 0f }), "epsilon",
            "above 0");
    }

    [Test]
    public void ConfigurationHoldsTheirNumbers()
    {
        var settings = new TrainingSettings
        {
            Optimizer = new UserAdagrad { Epsilon = 0.25f },
            Loss = new UserSquaredError { Target = 2 },
            Schedule = new UserSawtooth { Teeth = 3, Warmup = 1 },
        };
        var read = JsonSerializer.Deserialize<TrainingSettings>(JsonSerializer.Serialize(settings))!;
        Assert.That(Settings.Describe(read.Optimizer), Is.EqualTo("user-adagrad, epsilon 0.25"));
        Assert.That(Settings.Describe(read.Loss), Is.EqualTo("user-squared-error, target 2"));
        Assert.That(Settings.Describe(read.Schedule), Is.EqualTo("user-sawtooth, teeth 3, warmup 1"));
    }

    /// <summary>
    /// By the command line, which knows none of them; stopped and resumed from the folder alone, it ends in the same bytes.
    /// </summary>
    [Test]
    public void TheyTrainAndResume()
    {
        using TemporaryFolder folder = new();
        string[] args =
        [
            "train", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--lr", "0.01", "--device", "cpu",
            "--optimizer", "user-adagrad", "--epsilon", "0.01", "--loss", "user-squared-error", "--target", "2",
            "--schedule", "user-sawtooth", "--teeth", "3",
        ];
        string output = Succeed([.. args, "--steps", "9", "--out", folder["whole"]]).Output;
        foreach (string part in new[] { "user-squared-error, target 2", "user-sawtooth, teeth 3", "; user-adagrad, epsilon 0.01" })
            Assert.That(output, Does.Contain(part));
        Succeed([.. args, "--steps", "9", "--out", folder["parts"]]);
        // As a kill leaves it.
        foreach (string file in new[] { "final.safetensors", "checkpoint-000000009.safetensors" }) File.Delete(folder["parts", file]);
        Assert.That(Succeed("train", "--resume", folder["parts"]).Output, Does.Contain("user-squared-error"));
        ResumeTests.AssertSame(folder["whole"], folder["parts"]);
    }
}
