using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>--time-limit</c> ends a run as a whole one, and says how to go on.</summary>
public sealed class TimeLimitTests
{
    [Test]
    public void ARunEndsAndGoesOn()
    {
        using var folder = new TemporaryFolder();
        string data = TinyData.Write(folder), run = folder["run"];
        string[] args = ["train", "--model", "linear", "--data", data, "--input", "3x16x16", "--batch", "6", "--epochs", "100000000",
            "--lr", "0.001", "--device", "cpu", "--threads", "1", "--save-every", "1000000000"];
        string output = Succeed([.. args, "--time-limit", "1.5s", "--out", run]).Output;
        Assert.That(output, Does.Contain("ends within 1.5s of the first step"));
        Assert.That(output,
            Does.Match(@"(?m)^Ended     by the time limit of 1\.5s, after step [0-9,]+ of [0-9,]+; the rest: gpucnn train --resume "));
        Assert.That(output, Does.Contain("Accuracy ").And.Contain("final.safetensors"));
        Succeed("eval", "--weights", run, "--data", data);

        long reached = CliProcess.NewestStep(run);
        Assert.That(Succeed("train", "--resume", run, "--time-limit", "1s").Output, Does.Contain("by the time limit of 1s"));
        Assert.That(CliProcess.NewestStep(run), Is.GreaterThan(reached));
        reached = CliProcess.NewestStep(run);
        string rest = Succeed("train", "--resume", run, "--steps", $"{reached + 3}").Output;
        Assert.That(rest, Does.Not.Contain("time limit").And.Not.Contain("ends within"), "a session without a limit has none");
        Assert.That(CliProcess.NewestStep(run), Is.EqualTo(reached + 3));
        StopTests.AssertRowsOnce(run);
    }

    [TestCase("2")]
    [TestCase("2d")]
    [TestCase("0h")]
    [TestCase("-1h")]
    [TestCase("1h-30m")]
    [TestCase("soon")]
    public void ABadTimeIsNamed(string time)
    {
        Fail(Program.WrongUsage, ["train", "--time-limit", time], "--time-limit expects a time above 0", "1h30m", $"'{time}'");
        Fail(Program.WrongUsage, ["train", "--resume", "run", "--time-limit", time], $"'{time}'");
    }
}
