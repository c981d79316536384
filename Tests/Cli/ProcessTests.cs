using System.Diagnostics;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>The program as a process of its own: signals, and what a kill leaves behind.</summary>
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
            string newest = Checkpoints(folder["run"]).Last();
            Assert.That(ModelFile.Load(newest).Extra["step"], Is.EqualTo($"{step}"));
        }
        // Goes on from the last kill to an end, which is that of a run that was never killed.
        Succeed("train", "--resume", folder["run"], "--steps", $"{reached + 3}");
        Succeed([.. args, "--steps", $"{reached + 3}", "--out", folder["whole"]]);
        ResumeTests.AssertSame(folder["whole"], folder["run"]);
        Assert.That(Directory.GetFiles(folder["run"], "*.tmp"), Is.Empty);
    }

    [TestCase("INT")]
    [TestCase("TERM")]
    [Platform(Exclude = "Win")]
    public void ASignalStopsItAfterItsStep(string signal)
    {
        using TemporaryFolder folder = new();
        using Process process = Start(["train", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--epochs",
            "100000", "--lr", "0.001", "--save-every", "10", "--out", folder["run"]]);
        WaitFor(() => process.HasExited || NewestStep(folder["run"]) > 0);
        using (Process killer = Process.Start("kill", ["-s", signal, $"{process.Id}"])) killer.WaitForExit();
        Assert.That(process.WaitForExit(15_000), "It did not stop.");
        string error = process.StandardError.ReadToEnd().Trim();
        Assert.That(process.ExitCode, Is.EqualTo(1));
        Assert.That(error, Does.Match("^Stopped after step [0-9]+ of .*gpucnn train --resume ").And.Not.Contain("\n"));
        Assert.That(error, Does.Contain(Path.GetFileName(Checkpoints(folder["run"]).Last())));
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

    private static Process Start(string[] args, string? folder = null) => Process.Start(new ProcessStartInfo(
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "gpucnn.dll"), .. args])
    {
        WorkingDirectory = folder ?? Path.GetTempPath(),
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static string[] Checkpoints(string run) =>
        Directory.Exists(run) ? [.. Directory.GetFiles(run, "checkpoint-*.safetensors").Order(StringComparer.Ordinal)] : [];

    private static long NewestStep(string run) => Checkpoints(run) is [.., var newest]
        ? long.Parse(Path.GetFileNameWithoutExtension(newest)["checkpoint-".Length..]) : 0;

    private static void WaitFor(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(Stopwatch.GetElapsedTime(start).TotalSeconds, Is.LessThan(30), "It took too long to begin.");
            Thread.Sleep(5);
        }
    }
}
