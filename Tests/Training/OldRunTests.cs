using System.Text.Json;
using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Training;

/// <summary>
/// Runs of an earlier program, whose settings were one flat list and whose checkpoints held only SGD. Each run was stopped within an epoch;
/// <c>final.safetensors</c> and <c>metrics-whole.csv</c> are the results of that program when it continued.
/// </summary>
public sealed class OldRunTests
{
    private const string Folder = "Training/OldRuns";

    [TestCase("lenet5", 23, 63, "cross-entropy", "cosine")]
    [TestCase("linear", 51, 81, "hinge", "plateau")]
    public void ResumesToTheSameBits(string name, int step, int steps, string loss, string schedule)
    {
        using TemporaryFolder folder = new();
        string run = Copy(folder, name);
        string expected = Path.Combine(AppContext.BaseDirectory, Folder, name);
        string output = Succeed("train", "--resume", run).Output;
        Assert.That(output, Does.Contain($"Resumed   at step {step}"));
        Assert.That(File.ReadAllBytes(Path.Combine(run, "final.safetensors")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(expected, "final.safetensors"))));
        Assert.That(Metrics(Path.Combine(run, "metrics.csv")), Is.EqualTo(Metrics(Path.Combine(expected, "metrics-whole.csv"))));

        JsonElement config = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "config.json"))).RootElement,
            settings = config.GetProperty("settings");
        Assert.That(config.GetProperty("version").GetInt32(), Is.EqualTo(3), "it is written in today's form");
        Assert.That(settings.GetProperty("loss").GetProperty("name").GetString(), Is.EqualTo(loss));
        Assert.That(settings.GetProperty("schedule").GetProperty("name").GetString(), Is.EqualTo(schedule));
        Assert.That(settings.GetProperty("optimizer").GetProperty("weightDecay").GetSingle(), Is.EqualTo(0.002f));
        Assert.That(Succeed("train", "--resume", run).Output, Does.Contain($"is complete: {steps} steps"));
    }

    [Test]
    public void KeepsTheNumbersOfItsLossAndSchedule()
    {
        using TemporaryFolder folder = new();
        foreach (string name in new[] { "lenet5", "linear" }) Succeed("train", "--resume", Copy(folder, name));
        JsonElement Of(string name) => JsonDocument.Parse(File.ReadAllText(folder[name, "config.json"]))
            .RootElement.GetProperty("settings");
        Assert.That(Of("lenet5").GetProperty("loss").ToString(), Does.Contain("\"labelSmoothing\": 0.1"));
        Assert.That(Of("lenet5").GetProperty("optimizer").GetProperty("nesterov").GetBoolean(), Is.True);
        Assert.That(Of("lenet5").GetProperty("schedule").GetProperty("warmup").GetInt32(), Is.EqualTo(1));
        Assert.That(Of("lenet5").GetProperty("schedule").GetProperty("overlapsWarmup").GetBoolean(), Is.True);
        // It dropped at the first epoch that was not better, by however little: that is a patience of none today.
        Assert.That(Of("linear").GetProperty("schedule").GetProperty("patience").GetInt32(), Is.EqualTo(0));
        Assert.That(Of("linear").GetProperty("schedule").GetProperty("threshold").GetSingle(), Is.EqualTo(0f));
        Assert.That(Of("linear").GetProperty("schedule").GetProperty("gamma").GetSingle(), Is.EqualTo(0.5f));
    }

    [TestCase("lenet5")]
    [TestCase("linear")]
    public void HasAReport(string name)
    {
        using TemporaryFolder folder = new();
        string run = Copy(folder, name);
        Succeed("report", run);
        Assert.That(File.ReadAllText(Path.Combine(run, "report.html")), Does.Contain("<h2>Curves</h2>").And.Contain("aria-label=\"Loss\"")
            .And.Contain("<h2>Confusion matrix</h2>").And.Contain("gpucnn train"));
    }

    /// <summary>Losses that the program reported when these files were made.</summary>
    [TestCase("lenet5", 1, 0.1141324305596451)]
    [TestCase("linear", 1, 0.05434427392901853)]
    public void ItsWeightsEvaluateAsBefore(string name, double top1, double loss)
    {
        string weights = Path.Combine(AppContext.BaseDirectory, Folder, name, "final.safetensors");
        JsonElement result = Succeed("eval", "--weights", weights, "--data", Path.Combine(AppContext.BaseDirectory, Folder, "data"),
            "--device", "cpu", "--json").Json;
        Assert.That(result.GetProperty("top1").GetDouble(), Is.EqualTo(top1));
        Assert.That(result.GetProperty("loss").GetDouble(), Is.EqualTo(loss).Within(1e-7));
    }

    [Test]
    public void DamagedCheckpointFallsBackToThePrevious()
    {
        using TemporaryFolder folder = new();
        string run = Copy(folder, "lenet5"), newest = Path.Combine(run, "checkpoint-000000023.safetensors");
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..500]);
        Assert.That(Succeed("train", "--resume", run).Output, Does.Contain("at step 22"));
        Assert.That(File.ReadAllBytes(Path.Combine(run, "final.safetensors")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, Folder, "lenet5", "final.safetensors"))));
    }

    [Test]
    public void UnknownLossGivesOneLine()
    {
        using TemporaryFolder folder = new();
        string run = Copy(folder, "linear"), path = Path.Combine(run, "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"hinge\"", "\"squared\""));
        Fail(Program.Failed, ["train", "--resume", run], "config.json", "'squared'", "hinge");
    }

    /// <summary>Copies the folder of a run without its later results, and points it to the data.</summary>
    private static string Copy(TemporaryFolder folder, string name)
    {
        string source = Path.Combine(AppContext.BaseDirectory, Folder);
        Directory.CreateDirectory(folder[name]);
        foreach (string file in Directory.GetFiles(Path.Combine(source, name)))
        {
            string own = Path.GetFileName(file);
            if (own is not ("final.safetensors" or "metrics-whole.csv")) File.Copy(file, folder[name, own]);
        }
        string config = folder[name, "config.json"], data = JsonSerializer.Serialize(Path.Combine(source, "data"));
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"data\": \"data\"", $"\"data\": {data}")
            .Replace("\"dataFullPath\": \"data\"", $"\"dataFullPath\": {data}"));
        return folder[name];
    }

    /// <summary>All columns but the times.</summary>
    private static string[] Metrics(string path) => [.. File.ReadAllLines(path).Select(row => string.Join(',', row.Split(',')[..8]))];
}
