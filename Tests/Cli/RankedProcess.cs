using System.Diagnostics;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

/// <summary>The program as ranks that a launcher has started, in processes of their own.</summary>
internal sealed class RankedProcess : IDisposable
{
    private readonly List<string> _output = [], _errors = [];

    /// <param name="library"><c>openmpi</c> or <c>mpich</c>.</param>
    /// <param name="args">Those of all ranks.</param>
    public RankedProcess(string library, int ranks, params string[] args) : this(library, [(ranks, args)]) { }

    /// <param name="parts">Numbers of ranks, and the arguments of each of them.</param>
    /// <param name="variables">Variables of the environment.</param>
    public RankedProcess(string library, (int Ranks, string[] Args)[] parts, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(MpiRun.Find($"mpirun.{library}")) { RedirectStandardOutput = true, RedirectStandardError = true };
        // More ranks than cores; containers run as root.
        if (library == "openmpi") start.ArgumentList.Add("--oversubscribe");
        // Open MPI reads its parameters from these too.
        start.Environment["OMPI_MCA_ess_base_forward_signals"] = "SIGUSR1";
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        for (int part = 0; part < parts.Length; part++)
        {
            if (part > 0) start.ArgumentList.Add(":");
            string program = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
            foreach (string word in (string[])["-n", $"{parts[part].Ranks}", program, Path.Combine(AppContext.BaseDirectory, "gpucnn.dll"),
                .. parts[part].Args]) start.ArgumentList.Add(word);
        }
        Launcher = Process.Start(start)!;
        Launcher.OutputDataReceived += (_, e) => Add(_output, e.Data);
        Launcher.ErrorDataReceived += (_, e) => Add(_errors, e.Data);
        Launcher.BeginOutputReadLine();
        Launcher.BeginErrorReadLine();
    }

    public Process Launcher { get; }

    /// <summary>Lines that the ranks printed; launchers pass on what goes to standard error by either way.</summary>
    public string[] Output => Copy(_output);

    public string[] Errors => Copy(_errors);

    /// <summary>Lines of either output that a pattern matches.</summary>
    public string[] Matching(string pattern) =>
        [.. Output.Concat(Errors).Where(line => System.Text.RegularExpressions.Regex.IsMatch(line, pattern))];

    public string All => string.Join('\n', Output.Concat(Errors));

    /// <summary>Processes of the ranks: those of the program that name a word, such as the run's folder. Linux only.</summary>
    public static int[] Ranks(string word) => [.. Directory.GetDirectories("/proc").Select(folder => Path.GetFileName(folder))
        .Where(name => name.All(char.IsAsciiDigit)).Select(int.Parse).Where(id => IsRank(id, word))];

    /// <summary>Waits for the end of the launcher and returns its exit code.</summary>
    public int WaitForEnd(int seconds = 120)
    {
        if (!Launcher.WaitForExit(TimeSpan.FromSeconds(seconds))) Assert.Fail($"It still runs after {seconds} s:\n{All}");
        Launcher.WaitForExit();
        return Launcher.ExitCode;
    }

    public void Dispose()
    {
        if (!Launcher.HasExited) Launcher.Kill(entireProcessTree: true);
        Launcher.Dispose();
    }

    private static bool IsRank(int id, string word)
    {
        try
        {
            // Not the launcher, whose words these are too; a zombie has none.
            string[] words = File.ReadAllText($"/proc/{id}/cmdline").Split('\0');
            return words.Length > 1 && words[1].EndsWith("gpucnn.dll", StringComparison.Ordinal) && words.Contains(word);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Add(List<string> lines, string? line)
    {
        if (line is null) return;
        lock (lines) lines.Add(line.TrimEnd('\r'));
    }

    private static string[] Copy(List<string> lines)
    {
        lock (lines) return [.. lines];
    }
}
