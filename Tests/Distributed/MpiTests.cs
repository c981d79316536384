using System.Diagnostics;
using System.Globalization;
using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>Ranks that are processes, under both families of MPI.</summary>
public sealed class MpiTests
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(10), LongestRun = TimeSpan.FromSeconds(60);

    private static readonly string[] Libraries = ["openmpi", "mpich"];

    [Test]
    public void AllOperationsGiveTheBitsOfThreadRanks(
        [ValueSource(nameof(Libraries))] string library, [Values(2, 3, 4)] int size)
    {
        using var run = new MpiRun(library, size, "check");
        Assert.That(run.WaitForEnd(LongestRun), Is.Zero, string.Join('\n', run.Lines));
        string[] lines = run.WaitFor("OK", size);
        string hash = ThreadRanks.Run(size, RankProgram.Hash)[0];
        string name = library == "openmpi" ? "Open MPI" : "MPICH";
        for (int rank = 0; rank < size; rank++)
        {
            string start = $"OK rank {rank} of {size} local {rank} of {size} hash {hash} allocated ";
            string line = lines.Single(line => line.StartsWith(start, StringComparison.Ordinal));
            Assert.That(line, Does.Match($@" with {name} [\d.]+\S*: {size} ranks on 1 host$"));
            // 50 steps: an object for each would be more.
            Assert.That(Number(line[start.Length..].Split(' ')[0]), Is.LessThan(1200), line);
        }
    }

    [TestCase("openmpi", "compute", 1)]
    [TestCase("openmpi", "exchange", 0)]
    [TestCase("mpich", "compute", 0)]
    [TestCase("mpich", "exchange", 2)]
    public void AKilledRankEndsAllWithOneLine(string library, string work, int killed)
    {
        using var run = new MpiRun(library, 3, work);
        int[] processes = Processes(run, 3);
        var since = Stopwatch.StartNew();
        Process.GetProcessById(processes[killed]).Kill();
        Assert.That(run.WaitForEnd(LongestEnd), Is.Not.Zero);
        Assert.That(run.Ends, Is.EqualTo(new[]
        {
            $"Rank {killed} on host {Environment.MachineName} (process {processes[killed]}) has ended without a word: it was killed, "
                + "or it crashed.",
        }), string.Join('\n', run.Lines));
        AssertAllEnd(processes, since);
    }

    /// <summary>Others see it, or its witness speaks, where the launcher leaves them no time.</summary>
    [TestCase("openmpi", "Started", "while the ranks joined")]
    [TestCase("openmpi", "Initialized", "while the ranks joined")]
    [TestCase("mpich", "Initialized", "without a word")]
    public void ARankThatDiesWhileTheRanksJoinIsNamed(string library, string stage, string how)
    {
        using var run = new MpiRun(library, 3, $"join {stage}");
        int[] processes = Processes(run, 3);
        Assert.That(run.WaitForEnd(LongestEnd), Is.Not.Zero);
        string expected = $"Rank 1 on host {Environment.MachineName} (process {processes[1]}) has ended {how}: it was killed, ";
        Assert.That(run.Ends, Has.Length.EqualTo(1).And.All.StartsWith(expected), string.Join('\n', run.Lines));
        AssertAllEnd(processes, Stopwatch.StartNew());
    }

    /// <summary>Nobody sees the end of a rank that is alone on its host, and launchers leave the others no time.</summary>
    [TestCaseSource(nameof(Libraries))]
    public void ARankAloneOnItsHostIsSpokenFor(string library)
    {
        MpiRun.NeedsHostNames();
        using var run = new MpiRun(library, 1, 1, "compute");
        int[] processes = Processes(run, 2);
        var since = Stopwatch.StartNew();
        Process.GetProcessById(processes[1]).Kill();
        Assert.That(run.WaitForEnd(LongestEnd), Is.Not.Zero);
        Assert.That(run.Ends, Is.EqualTo(new[]
        {
            $"Rank 1 on host elsewhere (process {processes[1]}) has ended without a word: it was killed, or it crashed.",
        }), string.Join('\n', run.Lines));
        AssertAllEnd(processes, since);
    }

    /// <summary>Stopped processes live, but say nothing, as those of a machine without power.</summary>
    [TestCaseSource(nameof(Libraries))]
    public void ASilentHostIsLost(string library)
    {
        MpiRun.NeedsHostNames();
        using var run = new MpiRun(library, 1, 2, "compute");
        int[] processes = Processes(run, 3);
        foreach (int process in processes[1..]) Process.Start("kill", ["-STOP", $"{process}"]).WaitForExit();
        try
        {
            Assert.That(run.WaitForEnd(LongestEnd), Is.Not.Zero);
            Assert.That(run.With("LOST").Single(), Does.StartWith(
                $"LOST Rank 1 on host elsewhere (process {processes[1]}) cannot be reached: nothing was heard of it for 6 seconds"),
                string.Join('\n', run.Lines));
        }
        finally
        {
            foreach (int process in processes[1..]) Process.Start("kill", ["-KILL", $"{process}"]).WaitForExit();
        }
    }

    /// <summary>The rank that fails tells the user; the others know, and say nothing.</summary>
    [TestCaseSource(nameof(Libraries))]
    public void AFailedRankEndsAllWithItsOwnLine(string library)
    {
        using var run = new MpiRun(library, 3, "fail");
        Assert.That(run.WaitForEnd(LongestRun), Is.Not.Zero);
        Assert.That(run.With("FAILED").Single(), Does.Match(@"^FAILED rank 2 on host \S+ \(process \d+\): the device fell off the bus$"));
        Assert.That(run.Ends, Is.Empty, string.Join('\n', run.Lines));
        AssertAllEnd([.. run.With("PROCESS").Select(line => Number(line.Split(' ')[2]))], Stopwatch.StartNew());
    }

    [TestCaseSource(nameof(Libraries))]
    public void ACrashedRankEndsAll(string library)
    {
        using var run = new MpiRun(library, 3, "crash");
        Assert.That(run.WaitForEnd(LongestRun), Is.Not.Zero);
        Assert.That(run.Ends, Has.Length.EqualTo(1).And.All.StartsWith("Rank 1 on host "), string.Join('\n', run.Lines));
    }

    /// <summary>An exception passes the communicator's scope while others wait for its rank: nobody waits forever.</summary>
    [TestCaseSource(nameof(Libraries))]
    public void ARankThatLeavesEarlyEndsAll(string library)
    {
        using var run = new MpiRun(library, 3, "leave");
        Assert.That(run.WaitForEnd(LongestRun), Is.Not.Zero);
        Assert.That(run.With("LOST").Single(), Does.Contain("has left, but this rank goes on and needs it"), string.Join('\n', run.Lines));
    }

    [TestCase("openmpi", "mpirun of Open MPI")]
    [TestCase("mpich", "mpirun of MPICH")]
    public void AMissingLibraryIsOneLine(string library, string launcher)
    {
        using var run = new MpiRun(library, 2, "check", (MpiLibrary.Variable, "/nowhere/libmpi.so"));
        Assert.That(run.WaitForEnd(LongestRun), Is.Not.Zero);
        string expected = $"UNAVAILABLE {launcher} started 2 processes, but the MPI library that GPUCNN_MPI names, '/nowhere/libmpi.so', "
            + "cannot be loaded.";
        Assert.That(run.With("UNAVAILABLE"), Has.All.StartsWith(expected), string.Join('\n', run.Lines));
        Assert.That(run.With("UNAVAILABLE"), Is.Not.Empty);
    }

    [TestCase("openmpi", "libmpich.so.12", "MPICH")]
    [TestCase("mpich", "libmpi.so.40", "Open MPI")]
    public void TheLibraryOfAnotherLauncherIsOneLine(string library, string other, string name)
    {
        using var run = new MpiRun(library, 2, "check", (MpiLibrary.Variable, other));
        Assert.That(run.WaitForEnd(LongestRun), Is.Not.Zero);
        if (!Requirement.Of("mpi") && run.Lines.Any(line => line.Contains("cannot be loaded", StringComparison.Ordinal)))
            Assert.Ignore($"needs {other}");
        string expected = $@"started 2 processes, but {name} [\d.]+ \('{other}'\) finds 1: it is not the launcher's library\.";
        Assert.That(run.With("UNAVAILABLE"), Has.All.Match(expected), string.Join('\n', run.Lines));
        Assert.That(run.With("UNAVAILABLE"), Is.Not.Empty);
    }

    [Test]
    public void AMachineWithoutALibraryIsOneLine()
    {
        var launch = new Launch(Launcher.OpenMpi, 0, 4, 0, 4);
        Assert.That(() => MpiLibrary.Load(launch, _ => null, "libnone.so.1", "libnone.so.2"), Throws.TypeOf<MpiUnavailableException>()
            .With.Message.EqualTo("mpirun of Open MPI started 4 processes, but this machine has no MPI library to join them: none of "
                + "libnone.so.1, libnone.so.2 can be loaded. Install the launcher's library on every host, or name its file in "
                + "GPUCNN_MPI."));
    }

    /// <summary>With one process, under a launcher or without, nothing of MPI is loaded.</summary>
    [TestCaseSource(nameof(Libraries))]
    public void OneProcessIsAlone(string library)
    {
        using var run = new MpiRun(library, 1, "alone");
        Assert.That(run.WaitForEnd(LongestRun), Is.Zero);
        Assert.That(run.With("ALONE").Single(), Is.EqualTo("ALONE True True loaded False"));
    }

    [Test]
    public void WithoutALauncherNothingOfMpiIsLoaded()
    {
        if (Launch.Find() is not null) Assert.Ignore("the tests themselves are ranks");
        Assert.That(Communicator.Join(), Is.SameAs(Communicator.Alone));
        if (File.Exists("/proc/self/maps"))
            Assert.That(File.ReadLines("/proc/self/maps").Where(line => line.Contains("libmpi", StringComparison.Ordinal)), Is.Empty);
    }

    [TestCase(Launcher.OpenMpi, "libmpi.so.40")]
    [TestCase(Launcher.Pmix, "libmpi.so.40")]
    [TestCase(Launcher.Mpich, "libmpich.so.12")]
    public void TheLaunchersLibraryIsTriedFirst(Launcher launcher, string library) =>
        Assert.That(MpiLibrary.Names(launcher)[0], Is.EqualTo(library));

    [TestCase("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022\0", "Open MPI 4.1.4")]
    [TestCase("MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7 12:34:45 CDT 2022\n", "MPICH 4.0.2")]
    [TestCase("Intel(R) MPI Library 2021.6 for Linux* OS\n\0", "Intel(R) MPI Library 2021.6")]
    public void VersionsAreShort(string text, string expected) => Assert.That(MpiApi.ShortVersion(text), Is.EqualTo(expected));

    private static int[] Processes(MpiRun run, int size)
    {
        string[][] fields = [.. run.WaitFor("PROCESS", size).Select(line => line.Split(' '))];
        return [.. Enumerable.Range(0, size).Select(rank => Number(fields.Single(field => Number(field[1]) == rank)[2]))];
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static void AssertAllEnd(int[] processes, Stopwatch since)
    {
        while (processes.Any(IsAlive) && since.Elapsed < LongestEnd) Thread.Sleep(20);
        Assert.That(processes.Where(IsAlive), Is.Empty);
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using Process found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
