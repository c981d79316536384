using System.Diagnostics;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CliProcess;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Kills at random moments, and several processes at once, lose nothing.</summary>
public sealed class KillTests
{
    /// <summary>GPUCNN_KILLS=1000 makes the test long.</summary>
    private static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("GPUCNN_KILLS"), out int count) ? count : 30;

    /// <summary>
    /// Half of the kills come within the first second of a process, before and while it takes its lock and reads; the others while it
    /// trains, validates and saves. Every tenth run is a new one, so that beginnings are killed too.
    /// </summary>
    [Test]
    public void AKilledRunGoesOnOrBeginsAgain()
    {
        using TemporaryFolder folder = new();
        string[] args =
        [
            "train", "--model", "linear", "--data", TinyData.Write(folder), "--input", "3x16x16", "--batch", "6", "--epochs", "10000000",
            "--lr", "0.001", "--schedule", "constant", "--threads", "1", "--workers", "1", "--save-every", "4",
        ];
        var random = new Random(12);
        int number = 0, early = 0, unbegun = 0, begun = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            if (kill % 10 == 0)
            {
                if (kill > 0) Finish(folder[$"run{number}"]);
                number++;
            }
            string run = folder[$"run{number}"];
            bool isBegun = File.Exists(Path.Combine(run, "config.json"));
            long before = NewestStep(run);
            using Process process = Start(isBegun ? ["train", "--resume", run] : [.. args, "--out", run]);
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (kill % 2 == 0)
            {
                early++;
                Thread.Sleep(random.Next(0, 1000));
            }
            else
            {
                WaitFor(() => process.HasExited || NewestStep(run) > before);
                Thread.Sleep(random.Next(0, 200));
            }
            Assert.That(process.HasExited, Is.False, () => error.Result);
            process.Kill();
            process.WaitForExit();
            Check(run, before);
            if (File.Exists(Path.Combine(run, "config.json"))) begun++;
            else unbegun++;
        }
        Finish(folder[$"run{number}"]);
        TestContext.Out.WriteLine($"{Kills} kills, {early} in the first second; {unbegun} left no configuration yet, {begun} a run.");
        // What was killed ten times ends in the same bytes as what never was.
        string last = folder[$"run{number}"];
        Succeed([.. args, "--steps", $"{NewestStep(last)}", "--out", folder["whole"]]);
        ResumeTests.AssertSame(folder["whole"], last);
        Assert.That(Rows(last), Is.EqualTo(Rows(folder["whole"])));

        void Finish(string run)
        {
            if (!File.Exists(Path.Combine(run, "config.json"))) Succeed([.. args, "--steps", "3", "--out", run]);
            else Succeed("train", "--resume", run, "--steps", $"{NewestStep(run) + 3}");
            StopTests.AssertRowsOnce(run);
            string[] left = [.. Directory.GetFileSystemEntries(run).Select(entry => Path.GetFileName(entry))
                .Where(name => name.EndsWith(".tmp", StringComparison.Ordinal) || name == ".owner")];
            Assert.That(left, Is.Empty);
        }
    }

    private static void Check(string run, long before)
    {
        if (!Directory.Exists(run)) return;
        StopTests.AssertRowsOnce(run);
        Assert.That(NewestStep(run), Is.GreaterThanOrEqualTo(before), "the newest checkpoint");
        foreach (string path in CheckpointsOf(run))
            Assert.That(ModelFile.Load(path).Extra["step"], Is.EqualTo($"{long.Parse(Path.GetFileNameWithoutExtension(path)[^9..])}"));
    }

    private static string[] Rows(string run) =>
        [.. File.ReadAllLines(Path.Combine(run, "metrics.csv")).Select(row => string.Join(',', row.Split(',')[..8]))];

    [Test]
    public void SixRunsAtOnceHaveSixFoldersAndOneDemoSet()
    {
        using TemporaryFolder folder = new();
        Process[] processes = [.. Enumerable.Range(0, 6).Select(_ =>
            Start(["train", "--model", "linear", "--steps", "3", "--threads", "1", "--workers", "1"], folder.Path))];
        foreach (Process process in processes)
        {
            string error = End(process, seconds: 120);
            Assert.That(process.ExitCode, Is.Zero, error);
            process.Dispose();
        }
        Assert.That(Directory.GetDirectories(folder["runs"]).Select(run => Path.GetFileName(run)).Order(),
            Is.EqualTo(Enumerable.Range(1, 6).Select(number => $"linear-{number}")));
        foreach (string run in Directory.GetDirectories(folder["runs"]))
        {
            Assert.That(File.Exists(Path.Combine(run, "final.safetensors")), run);
            Assert.That(NewestStep(run), Is.EqualTo(3));
        }
        Assert.That(Directory.GetFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)),
            Is.EquivalentTo(new[] { "demo-data", "runs" }));
        Assert.That(Directory.GetFiles(folder["demo-data"], "*.png", SearchOption.AllDirectories), Has.Length.EqualTo(2000));
    }
}
