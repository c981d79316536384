using System.Diagnostics;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CliProcess;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>The program as a process of its own: what a kill leaves behind, and a run without options.</summary>
public sealed class ProcessTests
{
    [Test]
    public void KilledAtAnyMomentItCanBeResumed()
    {
        int kills = Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") == "1" ? 50 : 8;
        using TemporaryFolder folder = new();
        string[] args =
        [
            "train", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--epochs", "2000", "--save-every", "1",
                "--threads", "1",
            "--lr", "0.001", "--schedule", "constant",
        ];
        // The moments are another run's each time: what must hold, holds at all of them.
        var random = new Random();
        long reached = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            using (Process process = Start(kill == 0 ? [.. args, "--out", folder["run"]] : ["train", "--resume", folder["run"]]))
            {
                WaitFor(() => process.HasExited || NewestStep(folder["run"]) > reached);
                Assert.That(process.HasExited, Is.False, () => process.StandardError.ReadToEnd());
                Thread.Sleep(random.Next(0, 150));
                process.Kill();
                process.WaitForExit();
            }
            long step = NewestStep(folder["run"]);
            Assert.That(step, Is.GreaterThan(reached));
            reached = step;
            // The newest has its final name, so it is whole.
            string newest = CheckpointsOf(folder["run"]).Last();
            Assert.That(ModelFile.Load(newest).Extra["step"], Is.EqualTo($"{step}"));
        }
        // Goes on from the last kill to an end, which is that of a run that was never killed.
        Succeed("train", "--resume", folder["run"], "--steps", $"{reached + 3}");
        Succeed([.. args, "--steps", $"{reached + 3}", "--out", folder["whole"]]);
        ResumeTests.AssertSame(folder["whole"], folder["run"]);
        Assert.That(Directory.GetFiles(folder["run"], "*.tmp"), Is.Empty);
    }

    [Test]
    public void WithoutOptionsItTrainsOnTheDemoData()
    {
        using TemporaryFolder folder = new();
        using Process process = Start(["train"], folder.Path);
        string output = process.StandardOutput.ReadToEnd();
        Assert.That(process.WaitForExit(60_000));
        Assert.That(process.ExitCode, Is.EqualTo(0), process.StandardError.ReadToEnd());
        Assert.That(output, Does.Contain("demo-data").And.Contain("smallcnn").And.Contain("Accuracy").And.Contain("predict --weights")
            .And.Contain("Your own pictures"));
        Assert.That(output, Does.Not.Contain("\e"));
        string last = File.ReadLines(folder["runs", "smallcnn-1", "metrics.csv"]).Last();
        Assert.That(double.Parse(last.Split(',')[6], System.Globalization.CultureInfo.InvariantCulture), Is.GreaterThanOrEqualTo(0.95),
            "validation accuracy");
        Assert.That(File.Exists(folder["runs", "smallcnn-1", "final.safetensors"]));
    }
}
