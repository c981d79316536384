using System.Diagnostics;
using GpuCnn.Cli;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CliProcess;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Signals stop a run after its step, with a checkpoint and the exit code that shells expect.</summary>
[Platform(Exclude = "Win")]
public sealed class StopTests
{
    /// <summary>GPUCNN_SIGNALS=100 makes the tests long.</summary>
    private static readonly int Signals = int.TryParse(Environment.GetEnvironmentVariable("GPUCNN_SIGNALS"), out int count) ? count : 3;

    private TemporaryFolder _folder = null!;
    private string[] _args = null!;

    [SetUp]
    public void Write()
    {
        _folder = new();
        _args =
        [
            "train", "--model", "linear", "--data", TinyData.Write(_folder), "--input", "3x16x16", "--batch", "6", "--epochs", "10000000",
            "--lr", "0.001", "--schedule", "constant", "--threads", "1", "--workers", "1", "--save-every", "1000000000",
        ];
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("INT", 130)]
    [TestCase("QUIT", 131)]
    [TestCase("TERM", 143)]
    [TestCase("HUP", 129)]
    [TestCase("USR1", 138, IncludePlatform = "Linux")]
    public void ASignalSavesACheckpointAtAnyMomentOfTheRun(string signal, int code)
    {
        var random = new Random(code);
        long reached = 0;
        for (int i = 0; i < Signals; i++)
        {
            using Process process = StartHearing(i == 0 ? [.. _args, "--out", _folder["run"]] : ["train", "--resume", _folder["run"]]);
            string? line;
            // The run begins with an empty line after its introduction.
            do line = process.StandardOutput.ReadLine();
            while (line is { Length: > 0 });
            Assert.That(line, Is.Not.Null, () => process.StandardError.ReadToEnd());
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Thread.Sleep(random.Next(0, 200));
            Signal(process, signal);
            Assert.That(process.WaitForExit(30_000), "It did not stop.");
            string error = process.StandardError.ReadToEnd().Trim();
            Assert.That(process.ExitCode, Is.EqualTo(code), error);
            if (error.StartsWith("Stopped before the first step", StringComparison.Ordinal)) continue;
            Assert.That(error, Does.Match("^Stopped after step [0-9]+ of .*gpucnn train --resume ").And.Not.Contain("\n"));
            Assert.That(output.Result, Does.Contain("saving ..."));
            string newest = CheckpointsOf(_folder["run"]).Last();
            Assert.That(error, Does.Contain(Path.GetFileName(newest)));
            long step = NewestStep(_folder["run"]);
            Assert.That(ModelFile.Load(newest).Extra["step"], Is.EqualTo($"{step}"));
            Assert.That(step, Is.GreaterThanOrEqualTo(reached));
            reached = step;
        }
        Assert.That(reached, Is.Positive);
        AssertRowsOnce(_folder["run"]);
    }

    [Test]
    public void BeforeTheFirstStepItEndsAtOnceAndLeavesNothing([Values("INT", "QUIT", "TERM", "HUP", "USR1")] string signal)
    {
        if (signal == "USR1" && !OperatingSystem.IsLinux()) Assert.Ignore("SIGUSR1 is heard on Linux alone.");
        int code = 128 + signal switch { "HUP" => 1, "INT" => 2, "QUIT" => 3, "USR1" => 10, _ => 15 };
        foreach (int wait in (int[])[0, 50, 100, 150, 200, 300, 400])
        {
            // The drivers that auto loads may swallow a signal while they are loaded.
            using Process process = StartHearing([.. _args, "--device", "cpu", "--out", _folder[$"run{wait}"]]);
            Thread.Sleep(wait);
            Signal(process, signal);
            string error = End(process);
            Assert.That(process.ExitCode, Is.EqualTo(code), error);
            string run = _folder[$"run{wait}"];
            if (Directory.Exists(run)) Assert.That(CheckpointsOf(run), Is.Not.Empty, error);
        }
    }

    [Test]
    public void ASecondInterruptSaysWhatIsLost()
    {
        string steps = Path.Combine(_folder.Path, "long"), run = _folder["run"];
        // Steps of a network that takes its time, so that the second signal comes before the checkpoint.
        TinyData.Write(_folder, "long", train: 60, validation: 4, side: 64);
        using Process process = StartHearing(["train", "--model", "resnet18", "--data", steps, "--input", "3x128x128", "--batch", "60",
            "--epochs", "100", "--threads", "1", "--augment", "none", "--out", run]);
        WaitFor(() => process.HasExited || File.Exists(Path.Combine(run, "config.json")));
        Signal(process, "INT");
        Thread.Sleep(100);
        Signal(process, "INT");
        string error = End(process);
        Assert.That(process.ExitCode, Is.EqualTo(130), error);
        Assert.That(error, Does.Match("^Ended without saving: (nothing is|[0-9]+ steps? since the beginning (is|are)) lost\\.$"));
    }

    /// <summary>Terminals and service managers send them more than once.</summary>
    [TestCase("HUP", 129)]
    [TestCase("TERM", 143)]
    [TestCase("USR1", 138, IncludePlatform = "Linux")]
    public void RepeatedHangupsAndTerminationsStillSave(string signal, int code)
    {
        using Process process = StartHearing([.. _args, "--out", _folder["run"]]);
        WaitFor(() => process.HasExited || File.Exists(_folder["run", "config.json"]));
        Thread.Sleep(300);
        for (int i = 0; i < 3; i++) Signal(process, signal);
        string error = End(process);
        Assert.That(process.ExitCode, Is.EqualTo(code), error);
        Assert.That(CheckpointsOf(_folder["run"]), Has.Length.EqualTo(1));
    }

    [Test]
    public void UnderNohupAHangupIsIgnored()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("Only Linux tells what is ignored.");
        using Process process = StartBy(["nohup"], [.. _args[..^1], "1", "--out", _folder["run"]]);
        WaitFor(() => process.HasExited || NewestStep(_folder["run"]) > 0);
        Signal(process, "HUP");
        long reached = NewestStep(_folder["run"]);
        WaitFor(() => process.HasExited || NewestStep(_folder["run"]) > reached + 20);
        Assert.That(process.HasExited, Is.False);
        Signal(process, "TERM");
        Assert.That(End(process), Does.Contain("Stopped after step"));
        Assert.That(process.ExitCode, Is.EqualTo(143));
    }

    [Test]
    public void ASecondProcessOnTheRunIsRefusedInOneLine()
    {
        using Process process = StartHearing([.. _args, "--out", _folder["run"]]);
        WaitFor(() => process.HasExited || File.Exists(_folder["run", "config.json"]));
        string[] parts = ["in use by process " + process.Id, Environment.MachineName, "since 20"];
        Fail(Program.Failed, ["train", "--resume", _folder["run"]], parts);
        Fail(Program.Failed, [.. _args, "--out", _folder["run"]], parts);
        process.Kill();
        End(process);
        // The killed owner's lock is gone with it.
        Succeed("train", "--resume", _folder["run"], "--steps", "5");
    }

    /// <summary>
    /// Starts the program with the default action of every signal: shells let what they start in the background ignore some.
    /// </summary>
    private static Process StartHearing(string[] args) =>
        OperatingSystem.IsLinux() ? StartBy(["env", "--default-signal=INT,QUIT,HUP,TERM,USR1"], args) : Start(args);

    internal static void AssertRowsOnce(string run)
    {
        string metrics = Path.Combine(run, "metrics.csv");
        if (!File.Exists(metrics)) return;
        string[] rows = File.ReadAllLines(metrics);
        int[] epochs = [.. rows.Skip(1).Select(row => int.Parse(row.Split(',')[0]))];
        Assert.That(epochs, Is.EqualTo(epochs.Distinct().Order()), "epochs in metrics.csv");
        Assert.That(rows.Select(row => row.Split(',').Length).Distinct(), Has.Exactly(1).Items);
    }
}
