using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>gpucnn train</c> on several ranks is the run that one process trains.</summary>
public sealed class RankedTrainingTests
{
    private TemporaryFolder _folder = null!;
    private string[] _args = null!;

    [SetUp]
    public void Write()
    {
        _folder = new();
        _args =
        [
            "train", "--model", "lenet5", "--data", TinyData.Write(_folder), "--input", "1x16x16", "--augment", "flip", "--batch", "8",
            "--epochs", "3", "--lr", "0.01", "--device", "cpu", "--threads", "1", "--workers", "1",
        ];
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    public void RanksTrainTheRunOfOneProcess(int ranks)
    {
        Succeed([.. _args, "--out", _folder["whole"]]);
        string output = Train(ranks, [.. _args, "--out", _folder["ranks"]]);
        string share = ranks == 3 ? "2 or 3 images" : $"{8 / ranks} images";
        Assert.That(output, Does.Contain($"Ranks     {ranks} threads; {share} each of a batch of 8; gradients in 2 pieces\n")
            .And.Contain("in batches of 8 over all ranks").And.Contain("12 validation images").And.Contain("Report "));
        AssertNear(_folder["whole"], _folder["ranks"]);
        foreach (string file in (string[])["metrics.csv", "report.html", "best.safetensors", "steps.csv"])
            Assert.That(File.Exists(_folder["ranks", file]) || !File.Exists(_folder["whole", file]), file);
        Assert.That(Rows("ranks"), Is.EqualTo(Rows("whole")));

        Train(ranks, [.. _args, "--out", _folder["again"]]);
        ResumeTests.AssertSame(_folder["ranks"], _folder["again"]);
        JsonElement config = Config("ranks");
        Assert.That(config.GetProperty("ranks").GetInt32(), Is.EqualTo(ranks));
        Assert.That(config.GetProperty("rankDevices").EnumerateArray().Select(device => device.GetString()),
            Is.EqualTo(Enumerable.Repeat($"{Environment.MachineName} cpu", ranks)));
        Assert.That(config.GetProperty("settings").GetProperty("batch").GetInt32(), Is.EqualTo(8));
        Assert.That(Config("whole").TryGetProperty("ranks", out _), Is.False);
    }

    [Test]
    public void AStoppedRunGoesOnWithAnyNumberOfRanks()
    {
        Train(2, [.. _args, "--out", _folder["whole"]]);
        int[] ranks = [2, 2, 2], others = [2, 3, 1, 4];
        foreach ((string run, int[] counts) in new[] { ("same", ranks), ("others", others) })
        {
            for (int i = 0; i < counts.Length - 1; i++)
            {
                CommandResult[] stopped = Run(counts[i], rank: i % 2, step: 2 + 3 * i,
                    i == 0 ? [.. _args, "--out", _folder[run]] : ["train", "--resume", _folder[run]]);
                Assert.That(stopped.Select(result => result.Code), Is.All.EqualTo(Program.Failed));
                // Where another rank is asked, rank 0 may be a step ahead of the test.
                Assert.That(Line(stopped[0]), Does.Match($"Stopped after step ({2 + 3 * i}|{3 + 3 * i}) of 12.*gpucnn train --resume"));
                AssertSilent(stopped);
            }
            string output = Train(counts[^1], ["train", "--resume", _folder[run]]);
            Assert.That(output, Does.Contain("Resumed   at step "));
        }
        ResumeTests.AssertSame(_folder["whole"], _folder["same"]);
        AssertNear(_folder["whole"], _folder["others"]);
        Assert.That(Train(2, ["train", "--resume", _folder["same"]]), Does.Contain("is complete"));
    }

    [Test]
    public void TheBatchOfARankMakesThatOfAll()
    {
        string[] args = [.. _args.Where(arg => arg is not "--batch" and not "8"), "--steps", "2"];
        Train(3, [.. args, "--batch-per-rank", "2", "--out", _folder["run"]]);
        Assert.That(Config("run").GetProperty("settings").GetProperty("batch").GetInt32(), Is.EqualTo(6));
        string[] resume = ["train", "--resume", _folder["run"]];
        foreach (string[] option in (string[][])[["--batch-per-rank", "2"], ["--scale-lr"], ["--sync-bn"]])
            Fail(Program.WrongUsage, [.. resume, .. option], $"{option[0]} cannot be changed by --resume");
        Succeed([.. resume, "--epochs", "1", "--no-mpi"]);
    }

    [Test]
    public void TheRateIsScaledAfterAWarmUp()
    {
        string output = Train(2, [.. _args, "--scale-lr", "--steps", "2", "--out", _folder["run"]]);
        Assert.That(output, Does.Contain("Rate      0.02 (0.01 times 2 ranks)").And.Contain("after 5 epochs of warm-up"));
        Assert.That(Scaled("run"), Is.EqualTo((0.02f, 5)));
        Train(2, [.. _args, "--scale-lr", "--warmup", "1", "--steps", "2", "--out", _folder["short"]]);
        Assert.That(Scaled("short"), Is.EqualTo((0.02f, 1)));
        // The rate of the run stays, whoever goes on with it.
        Train(4, ["train", "--resume", _folder["run"], "--steps", "3"]);
        Assert.That(Scaled("run"), Is.EqualTo((0.02f, 5)));
        // One rank is not scaled.
        Succeed([.. _args, "--scale-lr", "--steps", "2", "--out", _folder["one"]]);
        Succeed([.. _args, "--steps", "2", "--out", _folder["plain"]]);
        ResumeTests.AssertSame(_folder["plain"], _folder["one"]);
    }

    /// <summary>A rate belongs to its batch: ranks that divide a batch do not make it larger.</summary>
    [TestCase("--batch", "8", 1)]
    [TestCase("--batch-per-rank", "8", 2)]
    public void ARecipesRateGrowsWithTheBatch(string option, string batch, int times)
    {
        string[] args = [.. _args.Where(arg => arg is not "--batch" and not "8" and not "--lr" and not "0.01"), "--steps", "2"];
        Succeed([.. args, "--batch", "8", "--out", _folder["one"]]);
        Train(2, [.. args, option, batch, "--scale-lr", "--out", _folder["two"]]);
        Assert.That(Scaled("two").Rate, Is.EqualTo(times * Scaled("one").Rate).Within(1e-7));
    }

    [Test]
    public void NormsSeeAShareOrAll()
    {
        string[] args = [.. _args];
        args[2] = "resnet20";
        args[6] = "3x16x16";
        string output = Train(2, [.. args, "--steps", "2", "--out", _folder["own"]]);
        Assert.That(output, Does.Contain("4 images each of a batch of 8; batch norms see 4 (--sync-bn: all 8)"));
        output = Train(2, [.. args, "--steps", "2", "--sync-bn", "--out", _folder["all"]]);
        Assert.That(output, Does.Contain("batch norms see all 8"));
        Assert.That(Config("all").GetProperty("settings").GetProperty("syncsNorms").GetBoolean());
    }

    [Test]
    public void TheDemoSetIsDrawnOnce()
    {
        string home = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = _folder.Path;
            string output = Train(2, "train", "--model", "linear", "--steps", "2", "--threads", "1", "--workers", "1", "--device", "cpu");
            Assert.That(output, Does.StartWith("Drawing the demo data set").And.Contain("Try next"));
            Assert.That(Directory.GetFiles(_folder["demo-data"], "*.png", SearchOption.AllDirectories), Has.Length.EqualTo(2000));
        }
        finally
        {
            Environment.CurrentDirectory = home;
        }
    }

    [Test]
    public void ReportsRepeatTheRunOfAllRanks()
    {
        Train(2, [.. _args, "--steps", "2", "--out", _folder["run"]]);
        Assert.That(File.ReadAllText(_folder["run", "report.html"]), Does.Contain("mpirun -n 2 gpucnn train "));
    }

    /// <summary>Runs on ranks that succeed, and returns what rank 0 wrote.</summary>
    private static string Train(int ranks, params string[] args)
    {
        CommandResult[] results = RankedCommand.Run(ranks, args);
        Assert.That(results[0].Error, Is.Empty);
        Assert.That(results.Select(result => result.Code), Is.All.EqualTo(Program.Done));
        AssertSilent(results);
        return results[0].Output;
    }

    /// <summary>Runs until a rank is asked to stop after a step.</summary>
    private static CommandResult[] Run(int ranks, int rank, long step, string[] args)
    {
        using CancellationTokenSource source = new();
        // Rank 0 alone has an observer; any rank may be asked.
        return RankedCommand.Run(ranks, (host, own) => own == 0
            ? host with { Observer = new StopAt(step, source), Cancellation = rank == 0 || ranks == 1 ? source.Token : default }
            : host with { Cancellation = own == rank ? source.Token : default }, _ => args);
    }

    private static void AssertSilent(CommandResult[] results)
    {
        foreach (CommandResult other in results.Skip(1)) Assert.That(other.Output + other.Error, Is.Empty);
    }

    private JsonElement Config(string run) => JsonDocument.Parse(File.ReadAllText(_folder[run, "config.json"])).RootElement;

    private (float Rate, int Warmup) Scaled(string run)
    {
        JsonElement settings = Config(run).GetProperty("settings");
        return (settings.GetProperty("learningRate").GetSingle(), settings.GetProperty("schedule").GetProperty("warmup").GetInt32());
    }

    /// <summary>Accuracies of each epoch.</summary>
    private string[] Rows(string run) => [.. File.ReadAllLines(_folder[run, "metrics.csv"]).Select(row => row.Split(','))
        .Select(row => $"{row[0]} {row[1]} {row[4]} {row[6]}")];

    /// <summary>Asserts that the final weights of two runs are the same but for the order of sums.</summary>
    public static void AssertNear(string expected, string actual)
    {
        IReadOnlyDictionary<string, Tensor> wanted = ModelFile.Load(Path.Combine(expected, "final.safetensors")).Tensors;
        IReadOnlyDictionary<string, Tensor> got = ModelFile.Load(Path.Combine(actual, "final.safetensors")).Tensors;
        Assert.That(got.Keys, Is.EquivalentTo(wanted.Keys));
        foreach ((string name, Tensor tensor) in wanted)
        {
            float largest = tensor.Values.ToArray().Max(Math.Abs);
            Assert.That(got[name].Values, Is.EqualTo(tensor.Values).Within(1e-5 * largest), name);
        }
    }

    private sealed class StopAt(long step, CancellationTokenSource source) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            if (report.Step == step) source.Cancel();
        }
    }
}
