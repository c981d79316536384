using System.Diagnostics;
using GpuCnn.Cli;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CliProcess;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary><c>mpirun gpucnn train</c> under both launchers: what ranks come to, how they fail, and how they stop.</summary>
[Platform("Linux")]
public sealed class MpiTrainingTests
{
    /// <summary>GPUCNN_LONG_TESTS=1 makes it twenty.</summary>
    private static readonly int Kills = Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") == "1" ? 20 : 2;

    private TemporaryFolder _folder = null!;
    private string[] _args = null!;

    [SetUp]
    public void Write()
    {
        _folder = new();
        _args =
        [
            "train", "--model", "lenet5", "--data", TinyData.Write(_folder), "--input", "1x16x16", "--augment", "flip", "--batch", "8",
            "--lr", "0.01", "--schedule", "constant", "--device", "cpu", "--threads", "1", "--workers", "1",
        ];
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("openmpi", 1)]
    [TestCase("openmpi", 2)]
    [TestCase("openmpi", 4)]
    [TestCase("mpich", 1)]
    [TestCase("mpich", 2)]
    [TestCase("mpich", 4)]
    public void RanksTrainTheRunOfOneProcess(string library, int ranks)
    {
        string[] args = [.. _args, "--epochs", "2"];
        Succeed([.. args, "--out", _folder["whole"]]);
        using RankedProcess process = new(library, ranks, [.. args, "--out", _folder["ranks"]]);
        Assert.That(process.WaitForEnd(), Is.EqualTo(Program.Done), process.All);
        Assert.That(process.Matching("^Accuracy "), Has.Length.EqualTo(1), process.All);
        Assert.That(process.Matching("^epoch "), Has.Length.EqualTo(2));
        Assert.That(process.All, Does.Not.Contain("\e"));
        string of = library == "openmpi" ? "Open MPI" : "MPICH";
        Assert.That(process.Matching($"^Ranks     {of} .*: {ranks} ranks on 1 host; {8 / ranks} images each of a batch of 8; "),
            Has.Length.EqualTo(ranks == 1 ? 0 : 1), process.All);
        RankedTrainingTests.AssertNear(_folder["whole"], _folder["ranks"]);
        using RankedProcess again = new(library, ranks, [.. args, "--out", _folder["again"]]);
        Assert.That(again.WaitForEnd(), Is.EqualTo(Program.Done), again.All);
        ResumeTests.AssertSame(_folder["ranks"], _folder["again"]);
    }

    /// <summary>A rank that is killed ends all within ten seconds, and the run goes on to the same bits.</summary>
    [TestCase("openmpi", 2)]
    [TestCase("mpich", 3)]
    public void AKilledRankEndsAllAndTheRunGoesOn(string library, int ranks)
    {
        string run = _folder["run"];
        string[] args = [.. _args, "--epochs", "10000000", "--save-every", "3"];
        var random = new Random(ranks);
        for (int kill = 0; kill < Kills; kill++)
        {
            long before = NewestStep(run);
            using RankedProcess process = new(library, ranks, kill == 0 ? [.. args, "--out", run] : ["train", "--resume", run]);
            WaitFor(() => process.Launcher.HasExited || NewestStep(run) > before, seconds: 90);
            Thread.Sleep(random.Next(0, 300));
            int[] processes = RankedProcess.Ranks(run);
            Assert.That(processes, Has.Length.EqualTo(ranks), process.All);
            int victim = processes[random.Next(ranks)];
            long killed = Stopwatch.GetTimestamp();
            Process.GetProcessById(victim).Kill();
            Assert.That(process.WaitForEnd(10), Is.Not.EqualTo(Program.Done), process.All);
            while (RankedProcess.Ranks(run).Length > 0 && Stopwatch.GetElapsedTime(killed).TotalSeconds < 10) Thread.Sleep(20);
            Assert.That(RankedProcess.Ranks(run), Is.Empty, "all ranks have ended");
            string[] said = process.Matching("^Rank ");
            Assert.That(said, Has.Length.EqualTo(1), process.All);
            Assert.That(said[0], Does.Match($@"^Rank [0-{ranks - 1}] on host {Environment.MachineName} \(process {victim}\) has ended"));
            TestContext.Out.WriteLine($"{library}: {said[0]} All ended in {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.0} s.");
            foreach (string path in CheckpointsOf(run)) Assert.That(ModelFile.Load(path).Extra["step"], Is.Not.Empty);
        }
        long steps = NewestStep(run) + 3;
        using (RankedProcess last = new(library, ranks, "train", "--resume", run, "--steps", $"{steps}"))
            Assert.That(last.WaitForEnd(), Is.EqualTo(Program.Done), last.All);
        using RankedProcess whole = new(library, ranks, [.. args, "--steps", $"{steps}", "--out", _folder["whole"]]);
        Assert.That(whole.WaitForEnd(), Is.EqualTo(Program.Done), whole.All);
        ResumeTests.AssertSame(_folder["whole"], run);
        StopTests.AssertRowsOnce(run);
    }

    [TestCase("openmpi", "INT")]
    [TestCase("openmpi", "TERM")]
    [TestCase("mpich", "INT")]
    [TestCase("mpich", "TERM")]
    [TestCase("mpich", "USR1")]
    public void ASignalToTheLauncherSavesOneCheckpoint(string library, string signal)
    {
        string run = _folder["run"], large = TinyData.Write(_folder, "large", train: 100, side: 64);
        // Time between Open MPI's signals: a second is short on a busy machine. It passes on no output meanwhile: epochs that take their
        // time, so that few lines wait for it.
        using RankedProcess process = new(library,
            [(2, [
                .. _args.Select(arg => arg == _folder["data"] ? large : arg == "lenet5" ? "smallcnn" : arg == "1x16x16" ? "3x64x64" : arg),
                "--epochs", "10000000", "--save-every", "1000000000", "--out", run])],
            ("OMPI_MCA_odls_base_sigkill_timeout", "8"));
        // Some steps are done when the first epoch has its row.
        WaitFor(() => process.Launcher.HasExited || File.Exists(Path.Combine(run, "metrics.csv")), seconds: 90);
        Signal(process.Launcher, signal);
        // Launchers have exit codes of their own then, of MPICH's also 0.
        process.WaitForEnd(40);
        string[] said = process.Matching("^Stopped after step ");
        Assert.That(said, library == "openmpi" ? Has.Length.LessThanOrEqualTo(1) : Has.Length.EqualTo(1), process.All);
        Assert.That(process.Matching("^Rank "), Is.Empty, process.All);
        Assert.That(CheckpointsOf(run), Has.Length.EqualTo(1));
        if (said.Length > 0) Assert.That(said[0], Does.Contain($"checkpoint-{NewestStep(run):D9}"));
        Succeed("train", "--resume", run, "--steps", $"{NewestStep(run) + 2}");
    }

    /// <summary>SIGTERM of one rank stops all of them after the same step.</summary>
    [Test]
    public void ASignalToOneRankStopsAll([Values("openmpi", "mpich")] string library)
    {
        string run = _folder["run"];
        using RankedProcess process = new(library, 2, [.. _args, "--epochs", "10000000", "--save-every", "1000000000", "--out", run]);
        WaitFor(() => process.Launcher.HasExited || File.Exists(Path.Combine(run, "metrics.csv")), seconds: 90);
        using (Process rank = Process.GetProcessById(RankedProcess.Ranks(run)[1])) Signal(rank, "TERM");
        process.WaitForEnd(40);
        Assert.That(process.Matching("^Stopped after step "), Has.Length.EqualTo(1), process.All);
        Assert.That(process.Matching("^Rank "), Is.Empty, process.All);
        Assert.That(CheckpointsOf(run), Has.Length.EqualTo(1));
    }

    [Test]
    public void DataThatDiffersIsOneLine([Values("openmpi", "mpich")] string library)
    {
        string other = TinyData.Write(_folder, "other", train: 11);
        string[] differing = [.. _args.Select(arg => arg == _folder["data"] ? other : arg), "--epochs", "1", "--out", _folder["run"]];
        using RankedProcess process = new(library, [(1, [.. _args, "--epochs", "1", "--out", _folder["run"]]), (1, differing)]);
        Assert.That(process.WaitForEnd(40), Is.Not.EqualTo(Program.Done), process.All);
        Assert.That(process.Matching($"^Rank 1 on {Environment.MachineName} has 33 training images in '{other}', but rank 0 has 36"),
            Has.Length.EqualTo(1), process.All);
        Assert.That(process.Matching("ank 1"), Has.Length.EqualTo(1), process.All);
    }

    [Test]
    public void AMistakeIsPrintedOnce([Values("openmpi", "mpich")] string library)
    {
        string[] missing = [.. _args.Select(arg => arg == _folder["data"] ? _folder["nowhere"] : arg), "--out", _folder["run"]];
        foreach ((string[] args, string part) in new[] { (missing, "nowhere"), (["train", "--batch", "0"], "--batch expects"),
            (["eval", "--weights", "a", "--data", "b"], "works in one process, but a launcher has started 3") })
        {
            using RankedProcess process = new(library, 3, args);
            Assert.That(process.WaitForEnd(40), Is.Not.EqualTo(Program.Done), process.All);
            Assert.That(process.Matching(part), Has.Length.EqualTo(1), process.All);
        }
        using RankedProcess help = new(library, 3, "train", "--help");
        Assert.That(help.WaitForEnd(40), Is.EqualTo(Program.Done), help.All);
        Assert.That(help.Matching("^Usage:"), Has.Length.EqualTo(1));
    }

    [Test]
    public void WithoutTheLibraryThereIsOneLine([Values("openmpi", "mpich")] string library)
    {
        using RankedProcess process = new(library, [(3, [.. _args, "--out", _folder["run"]])], ("GPUCNN_MPI", "/nowhere/libmpi.so"));
        Assert.That(process.WaitForEnd(40), Is.Not.EqualTo(Program.Done), process.All);
        Assert.That(process.Matching("/nowhere/libmpi.so"), Has.Length.EqualTo(1), process.All);
        using RankedProcess alone = new(library, [(2, ["summary", "lenet5", "--no-mpi"])], ("GPUCNN_MPI", "/nowhere/libmpi.so"));
        Assert.That(alone.WaitForEnd(40), Is.EqualTo(Program.Done), alone.All);
        Assert.That(alone.Matching("^lenet5"), Has.Length.GreaterThanOrEqualTo(2));
    }
}
