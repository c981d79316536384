using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Commands that a launcher has started several times: one of them speaks.</summary>
public sealed class RankedCommandTests
{
    private static readonly string[] Tiny =
        ["train", "--model", "lenet5", "--input", "1x16x16", "--device", "cpu", "--threads", "1", "--workers", "1"];

    [TestCase("--help", "Trains convolutional networks")]
    [TestCase("train --help", "--batch-per-rank <N>")]
    [TestCase("eval --help", "--no-mpi")]
    [TestCase("--version", "gpucnn ")]
    [TestCase("help train", "--scale-lr")]
    public void HelpIsPrintedOnce(string command, string part)
    {
        CommandResult[] results = RankedCommand.Run(3, command.Split(' '));
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Done));
        Assert.That(results[0].Output, Does.Contain(part));
        AssertSilent(results);
    }

    [TestCase("train --batc 3", "--batch")]
    [TestCase("train --batch 3 --batch-per-rank 2", "leave one of them out")]
    [TestCase("train --batch-per-rank 0", "--batch-per-rank expects a whole number of 1 or more")]
    [TestCase("train --sync-bn perhaps", "--sync-bn")]
    [TestCase("train --model lenet5 --sync-bn --data DATA --input 1x16x16 --batch 6", "change or leave out --sync-bn")]
    [TestCase("trian", "train")]
    public void WrongUsageIsPrintedOnce(string command, string part)
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder);
        CommandResult[] results = RankedCommand.Run(3, [.. command.Split(' ').Select(word => word == "DATA" ? data : word),
            .. command.Contains("DATA") ? (string[])["--out", folder["run"]] : []]);
        Assert.That(results.Select(result => result.Code), Is.All.Not.EqualTo(Program.Done));
        Assert.That(Line(results[0]), Does.Contain(part));
        AssertSilent(results);
    }

    [TestCase("eval --weights a --data b", "gpucnn eval works in one process, but a launcher has started 3")]
    [TestCase("summary lenet5", "--no-mpi")]
    [TestCase("data check photos", "gpucnn data check works in one process")]
    [TestCase("lr-find", "gpucnn lr-find works in one process")]
    public void CommandsOfOneProcessRefuseRanks(string command, string part)
    {
        CommandResult[] results = RankedCommand.Run(3, command.Split(' '));
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.WrongUsage));
        Assert.That(Line(results[0]), Does.Contain(part));
        AssertSilent(results);
    }

    [Test]
    public void WithoutMpiEachProcessWorksByItself()
    {
        CommandResult[] results = RankedCommand.Run(2, rank => ["summary", rank == 0 ? "lenet5" : "--no-mpi", .. rank == 0
            ? (string[])["--no-mpi"] : ["mlp"]]);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Done));
        Assert.That(results[0].Output, Does.StartWith("lenet5").Or.Contain("lenet5"));
        Assert.That(results[1].Output, Does.Contain("mlp"));
    }

    [Test]
    public void WithoutMpiTrainingIsOfOneProcess()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder);
        CommandResult[] results = RankedCommand.Run(2, rank =>
            [.. Tiny, "--data", data, "--batch", "6", "--steps", "2", "--no-mpi", "--out", folder[$"run{rank}"]]);
        foreach (CommandResult result in results)
        {
            Assert.That(result.Code, Is.EqualTo(Program.Done), result.Error);
            Assert.That(result.Output, Does.Contain("Accuracy").And.Not.Contain("Ranks"));
        }
        ResumeTests.AssertSame(folder["run0"], folder["run1"]);
    }

    [Test]
    public void AMistakeOfAllIsOneLine()
    {
        using TemporaryFolder folder = new();
        CommandResult[] results = RankedCommand.Run(4, [.. Tiny, "--data", folder["nowhere"], "--out", folder["run"]]);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Failed));
        Assert.That(Line(results[0]), Does.Contain("nowhere").And.Contain("gpucnn data demo").And.Not.Contain("ank 0"));
        AssertSilent(results);
        Assert.That(Directory.Exists(folder["run"]), Is.False);
    }

    [Test]
    public void AFailureOfOneRankNamesItOnce()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder);
        CommandResult[] results = RankedCommand.Run(4, rank =>
            [.. Tiny, "--data", rank == 2 ? folder["elsewhere"] : data, "--out", folder["run"]]);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Failed));
        Assert.That(Line(results[0]), Does.StartWith($"Rank 2 on {Environment.MachineName} failed: ").And.Contain("elsewhere"));
        AssertSilent(results);
    }

    [Test]
    public void RanksOfOtherSettingsAreOneLine()
    {
        using TemporaryFolder folder = new();
        string data = TinyData.Write(folder);
        CommandResult[] results = RankedCommand.Run(3, rank =>
            [.. Tiny, "--data", data, "--batch", "6", "--lr", rank == 1 ? "0.02" : "0.01", "--out", folder["run"]]);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Failed));
        Assert.That(Line(results[0]), Does.Contain($"rank 1 on {Environment.MachineName} has \"learningRate\": 0.02 where rank 0 has "
            + "\"learningRate\": 0.01"));
        AssertSilent(results);
    }

    [Test]
    public void MoreRanksThanImagesOfABatchAreOneLine()
    {
        using TemporaryFolder folder = new();
        CommandResult[] results = RankedCommand.Run(4, [.. Tiny, "--data", TinyData.Write(folder), "--batch", "3", "--out", folder["run"]]);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Failed));
        Assert.That(Line(results[0]), Does.Contain("4 ranks").And.Contain("a batch of 3").And.Contain("--batch 4 or more"));
        AssertSilent(results);
    }

    private static void AssertSilent(CommandResult[] results)
    {
        foreach (CommandResult other in results.Skip(1)) Assert.That(other.Output + other.Error, Is.Empty);
    }
}
