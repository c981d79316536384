using System.Collections.Concurrent;
using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>The folder of a run: who may have it, which checkpoints stay, and rows of metrics.</summary>
public sealed class RunDirectoryTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Create() => _folder = new();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("cat.png")]
    [TestCase("metrics.csv")]
    [TestCase(".hidden")]
    [TestCase("gpucnn.tmp")]
    public void AFolderOfOtherFilesIsRefusedAndLeftAsItIs(string file)
    {
        _folder.Add([1], "mine", file);
        OneLine.Thrown(() => RunDirectory.Create(_folder["mine"]), "mine", "not empty", file);
        Assert.That(Directory.GetFileSystemEntries(_folder["mine"]), Has.Length.EqualTo(1));
        OneLine.Thrown(() => RunDirectory.Open(_folder["mine"]), "no config.json");
        Assert.That(Directory.GetFileSystemEntries(_folder["mine"]), Has.Length.EqualTo(1));
    }

    [Test]
    public void WhatAKilledBeginningLeavesIsTakenOver()
    {
        _folder.Add([], "run", ".lock");
        _folder.Add([], "run", ".owner");
        // The id of a running process: the writer's was given to another one since.
        _folder.Add([1], "run", "gpucnn-1-0123abcd.tmp");
        OneLine.Thrown(() => RunDirectory.Open(_folder["run"]), "stopped before it began");
        using (var run = RunDirectory.Create(_folder["run"]))
        {
            Assert.That(File.Exists(_folder["run", "gpucnn-1-0123abcd.tmp"]), Is.False);
            run.WriteConfig("{}");
        }
        OneLine.Thrown(() => RunDirectory.Create(_folder["run"]), "already holds a run");
        using var again = RunDirectory.Open(_folder["run"]);
    }

    [Test]
    public void ARunThatNeverBeganLeavesNoFolder()
    {
        RunDirectory.Create(_folder["new"]).Dispose();
        Assert.That(Directory.Exists(_folder["new"]), Is.False);
        Directory.CreateDirectory(_folder["mine"]);
        RunDirectory.Create(_folder["mine"]).Dispose();
        Assert.That(Directory.Exists(_folder["mine"]), "a folder that was there stays");
    }

    [Test]
    public void RunsThatBeginAtOnceHaveFoldersOfTheirOwn()
    {
        Directory.CreateDirectory(_folder["runs", "net-3"]);
        _folder.Add([1], "runs", "net-5");
        var runs = new ConcurrentBag<RunDirectory>();
        Parallel.For(0, 12, new() { MaxDegreeOfParallelism = 12 }, _ => runs.Add(RunDirectory.CreateNext(_folder["runs"], "net")));
        Assert.That(runs.Select(run => Path.GetFileName(run.Path)), Is.EquivalentTo(
            new[] { 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14 }.Select(number => $"net-{number}")));
        foreach (RunDirectory run in runs) run.Dispose();
        using var next = RunDirectory.CreateNext(_folder["runs"], "net");
        Assert.That(next.Path, Is.EqualTo(_folder["runs", "net-1"]), "those that never began give their numbers back");
    }

    [TestCase(1, "4")]
    [TestCase(2, "3 4")]
    [TestCase(9, "1 2 3 4")]
    [TestCase(0, "1 2 3 4")]
    public void TheNewestCheckpointsStay(int keep, string expected)
    {
        using RunDirectory run = With(1, 2, 3, 4);
        run.RemoveOldCheckpoints(4, keep);
        Assert.That(Steps(run), Is.EqualTo(expected));
    }

    [Test]
    public void OthersStayTooAndDamagedOnesOfTheFutureDoNotCount()
    {
        using RunDirectory run = With(1, 2, 3, 4, 9);
        _folder.Add([1], "run", "checkpoint-best.safetensors");
        run.RemoveOldCheckpoints(4, 2, run.CheckpointPath(1));
        Assert.That(Steps(run), Is.EqualTo("1 3 4 9"));
        Assert.That(File.Exists(_folder["run", "checkpoint-best.safetensors"]));
    }

    [Test]
    public void TheNewestIsTheOneOfTheMostSteps()
    {
        using RunDirectory run = With(999_999_999, 1_000_000_000);
        Assert.That(RunDirectory.StepOf(run.Checkpoints().First()), Is.EqualTo(1_000_000_000));
    }

    private RunDirectory With(params long[] steps)
    {
        var run = RunDirectory.Create(_folder["run"]);
        foreach (long step in steps) File.WriteAllText(run.CheckpointPath(step), "x");
        return run;
    }

    private static string Steps(RunDirectory run) => string.Join(' ', run.Checkpoints().Select(RunDirectory.StepOf).Order());
}
