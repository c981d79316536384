using GpuCnn.Cli;
using GpuCnn.Engine.Training;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>A run that was stopped and resumed ends in the same bytes as one that was not.</summary>
public sealed class ResumeTests
{
    [TestCase("lenet5", "1x16x16", "none", "cosine")]
    [TestCase("smallcnn", "3x16x16", "crop2,flip", "plateau")]
    public void StoppedAtAnyStepItEndsInTheSameBytes(string model, string input, string augmentation, string schedule)
    {
        using TemporaryFolder folder = new();
        string[] args =
        [
            "train", "--model", model, "--data", TinyData.Write(folder), "--input", input, "--augment", augmentation, "--schedule",
                schedule,
            "--batch", "5", "--epochs", "5", "--lr", "0.01",
        ];
        Succeed([.. args, "--out", folder["whole"]]);

        // 5 epochs of 7 steps. Stopped at an epoch's end, within it, right after a resumption; threads change on the way.
        int[] stops = [3, 7, 8, 20, 33];
        for (int i = 0; i < stops.Length; i++)
        {
            string[] command = i == 0 ? [.. args, "--out", folder["parts"]]
                : ["train", "--resume", folder["parts"], "--threads", $"{1 + i % 3}"];
            CommandResult result = RunUntil(stops[i], command);
            Assert.That(result.Code, Is.EqualTo(Program.Failed));
            Assert.That(Line(result), Does.Contain($"Stopped after step {stops[i]} of 35").And.Contain("gpucnn train --resume"));
        }
        Succeed("train", "--resume", folder["parts"]);
        AssertSame(folder["whole"], folder["parts"]);
        string[] Metrics(string run) =>
            [.. File.ReadAllLines(folder[run, "metrics.csv"]).Select(row => string.Join(',', row.Split(',')[..8]))];
        Assert.That(Metrics("parts"), Is.EqualTo(Metrics("whole")));
        Assert.That(Succeed("train", "--resume", folder["parts"]).Output, Does.Contain("is complete"));
    }

    [Test]
    public void MoreStepsGoOnWhereFewerEnded()
    {
        using TemporaryFolder folder = new();
        string[] args = ["train", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--lr", "0.005", "--schedule",
            "constant"];
        Succeed([.. args, "--steps", "11", "--out", folder["whole"]]);
        Succeed([.. args, "--steps", "4", "--out", folder["parts"]]);
        Succeed("train", "--resume", folder["parts"], "--steps", "11");
        AssertSame(folder["whole"], folder["parts"]);
        Fail(Program.Failed, ["train", "--resume", folder["parts"], "--steps", "5"], "has done 11 steps", "5 asked for");
    }

    [Test]
    public void StoppedBeforeItsFirstCheckpointItBeginsAgain()
    {
        using TemporaryFolder folder = new();
        string[] args = ["train", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--steps", "5"];
        Succeed([.. args, "--out", folder["whole"]]);
        Succeed([.. args, "--out", folder["parts"]]);
        foreach (string file in Directory.GetFiles(folder["parts"], "*.safetensors")) File.Delete(file);
        Assert.That(Succeed("train", "--resume", folder["parts"]).Output, Does.Contain("no checkpoint yet"));
        AssertSame(folder["whole"], folder["parts"]);
    }

    [Test]
    public void ADamagedCheckpointGivesWayToTheOneBefore()
    {
        using TemporaryFolder folder = new();
        string[] args = ["train", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--lr", "0.005", "--epochs", "3"];
        Succeed([.. args, "--out", folder["whole"]]);
        RunUntil(15, [.. args, "--out", folder["parts"]]);
        string newest = Directory.GetFiles(folder["parts"], "checkpoint-*").Order(StringComparer.Ordinal).Last();
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..500]);
        Assert.That(Succeed("train", "--resume", folder["parts"]).Output, Does.Contain("at step 12"));
        AssertSame(folder["whole"], folder["parts"]);
    }

    [Test]
    public void ItGoesOnWithTheAlgorithmsItBeganWith()
    {
        using TemporaryFolder folder = new();
        string[] args =
        [
            "train", "--model", "smallcnn", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--lr", "0.005",
                "--steps", "5", "--device", "cpu",
        ];
        Succeed([.. args, "--out", folder["whole"]]);
        foreach (string run in new[] { "direct", "other" }) RunUntil(2, [.. args, "--out", folder[run]]);
        // As if a table of measurements had said so when it began.
        string path = folder["other", "config.json"], config = File.ReadAllText(path);
        Assert.That(config, Does.Contain("\"direct\"").And.Not.Contain("Winograd"));
        File.WriteAllText(path, config.Replace("\"direct\"", "\"Winograd 4x4\""));
        foreach (string run in new[] { "direct", "other" }) Succeed("train", "--resume", folder[run]);
        AssertSame(folder["whole"], folder["direct"]);
        Assert.That(File.ReadAllText(path), Does.Contain("\"Winograd 4x4\"").And.Not.Contain("\"direct\""));
        Assert.That(File.ReadAllBytes(folder["other", "final.safetensors"]),
            Is.Not.EqualTo(File.ReadAllBytes(folder["whole", "final.safetensors"])));
    }

    /// <summary>
    /// On a device that lacks what the run began with it goes on all the same, and says in one line that its sums are not those.
    /// </summary>
    [Test]
    public void AlgorithmsThatTheDeviceLacksAreReplacedAndNamed()
    {
        using TemporaryFolder folder = new();
        string[] args =
        [
            "train", "--model", "smallcnn", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--lr", "0.005",
            "--warmup", "0", "--steps", "5", "--device", "cpu",
        ];
        Succeed([.. args, "--out", folder["whole"]]);
        RunUntil(2, [.. args, "--out", folder["parts"]]);
        string path = folder["parts", "config.json"];
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"direct\"", "\"im2col + cuBLAS\""));
        string output = Succeed("train", "--resume", folder["parts"]).Output;
        Assert.That(output.Split('\n').Single(line => line.StartsWith("Note: ", StringComparison.Ordinal)),
            Does.Contain("cpu does not have im2col + cuBLAS, which ").And.Contain(" steps were to take").And.Contain("gpucnn devices"));
        Assert.That(File.ReadAllText(path), Does.Not.Contain("cuBLAS"), "what it takes from now on is written down");
        AssertSame(folder["whole"], folder["parts"]);
        Assert.That(Succeed("train", "--resume", folder["whole"], "--steps", "6").Output, Does.Not.Contain("Note: "));
    }

    public static void AssertSame(string expected, string actual) =>
        Assert.That(File.ReadAllBytes(Path.Combine(actual, "final.safetensors")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(expected, "final.safetensors"))));

    private static CommandResult RunUntil(long step, string[] args)
    {
        using CancellationTokenSource source = new();
        return Run(host => host with { Cancellation = source.Token, Observer = new StopAt(step, source) }, args);
    }

    private sealed class StopAt(long step, CancellationTokenSource source) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            if (report.Step == step) source.Cancel();
        }

        public void Validating(int epoch) { }

        public void EpochDone(EpochReport report) { }

        public void CheckpointSaved(string path) { }
    }
}
