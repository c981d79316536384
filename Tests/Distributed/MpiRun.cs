using System.Diagnostics;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>The tests' own program as ranks that a launcher starts (<see cref="RankProgram"/>).</summary>
internal sealed class MpiRun : IDisposable
{
    private readonly Process _launcher;
    private readonly List<string> _lines = [];
    private readonly Stopwatch _sinceStart = Stopwatch.StartNew();

    /// <param name="library"><c>openmpi</c> or <c>mpich</c>: Debian's names of launchers, whatever mpirun alone means.</param>
    public MpiRun(string library, int ranks, string work, params (string Name, string Value)[] variables)
        : this(library, ranks, 0, work, variables) { }

    /// <param name="elsewhere">Further ranks, which take this machine for another of the name "elsewhere".</param>
    public MpiRun(string library, int ranks, int elsewhere, string work, params (string Name, string Value)[] variables)
    {
        string launcher = Find($"mpirun.{library}");
        var start = new ProcessStartInfo(launcher) { RedirectStandardOutput = true, RedirectStandardError = true };
        // More ranks than cores; and containers run as root.
        if (library == "openmpi") start.ArgumentList.Add("--oversubscribe");
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        string[] program = [Environment.ProcessPath!, .. Host(), RankProgram.Argument, .. work.Split(' ')];
        string[] others = elsewhere == 0 ? []
            : [":", "-n", $"{elsewhere}", "unshare", "--uts", "sh", "-c", "hostname elsewhere; exec \"$0\" \"$@\"", .. program];
        foreach (string argument in (string[])["-n", $"{ranks}", .. program, .. others]) start.ArgumentList.Add(argument);
        _launcher = Process.Start(start)!;
        _launcher.OutputDataReceived += (_, e) => Add(e.Data);
        _launcher.ErrorDataReceived += (_, e) => Add(e.Data);
        _launcher.BeginOutputReadLine();
        _launcher.BeginErrorReadLine();
    }

    public TimeSpan Elapsed => _sinceStart.Elapsed;

    public string[] Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    /// <summary>Lines that begin with a word.</summary>
    public string[] With(string word) => [.. Lines.Where(line => line.StartsWith(word + " ", StringComparison.Ordinal))];

    /// <summary>Lines that say that a rank has ended: by a rank that is left, or by the witness of the dead one.</summary>
    public string[] Ends => [.. Lines.Select(line => line.StartsWith("LOST ", StringComparison.Ordinal) ? line["LOST ".Length..] : line)
        .Where(line => line.StartsWith("Rank ", StringComparison.Ordinal) && line.Contains(" on host ", StringComparison.Ordinal))];

    /// <summary>Waits for lines that begin with a word.</summary>
    public string[] WaitFor(string word, int count)
    {
        while (With(word).Length < count && !_launcher.HasExited && Elapsed < TimeSpan.FromSeconds(60)) Thread.Sleep(20);
        Assert.That(With(word), Has.Length.EqualTo(count), string.Join('\n', Lines));
        return With(word);
    }

    /// <summary>Waits for the end of all ranks and returns the launcher's exit code.</summary>
    public int WaitForEnd(TimeSpan limit)
    {
        if (!_launcher.WaitForExit(limit)) Assert.Fail($"still running after {limit}:\n{string.Join('\n', Lines)}");
        _launcher.WaitForExit();
        return _launcher.ExitCode;
    }

    public void Dispose()
    {
        if (!_launcher.HasExited) _launcher.Kill(entireProcessTree: true);
        _launcher.Dispose();
    }

    /// <summary>Skips the test where a process cannot have a name of the machine of its own.</summary>
    public static void NeedsHostNames()
    {
        try
        {
            using Process trial = Process.Start("unshare", ["--uts", "true"]);
            trial.WaitForExit();
            if (trial.ExitCode == 0) return;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no such program.
        }
        Assert.Ignore("needs unshare, and rights to use it");
    }

    /// <summary>The program's arguments where the runtime's own host started it.</summary>
    private static string[] Host() => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? [typeof(MpiRun).Assembly.Location] : [];

    internal static string Find(string program)
    {
        string? file = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        if (file is not null) return file;
        string message = $"needs {program} (packages openmpi-bin and mpich)";
        if (Requirement.Of("mpi")) Assert.Fail(message);
        Assert.Ignore(message);
        return "";
    }

    private void Add(string? line)
    {
        if (line is null) return;
        // Open MPI gives ranks a terminal, and the runtime greets it.
        lock (_lines) _lines.Add(line.Replace("\e[?1h", "").Replace("\e=", "").TrimEnd('\r'));
    }
}
