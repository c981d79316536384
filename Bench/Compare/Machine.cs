using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Tuning;

namespace GpuCnn.Bench.Compare;

/// <summary>Describes the machine and the versions that were measured.</summary>
internal static class Machine
{
    /// <param name="peer">Description of the peer, or why there is none.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Describe(Device device, string peer)
    {
        int tuned = AlgorithmTable.Load(device).Algorithms.Count;
        var lines = new List<KeyValuePair<string, string>> { new("Device", $"{device.Name}: {device.Description}") };
        if (NvidiaDriver() is { } driver) lines.Add(new("Driver", driver));
        lines.Add(new("Machine", $"{Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}"));
        string algorithms = tuned == 0 ? "the fixed rules" : $"gpucnn tune for {tuned} problems, else by the fixed rules";
        lines.Add(new("Ours", $"GpuCnn on {RuntimeInformation.FrameworkDescription}, algorithms by {algorithms}"));
        lines.Add(new("Peer", peer));
        AddCommitAndDate(lines);
        return lines;
    }

    public static IReadOnlyList<KeyValuePair<string, string>> Describe(CpuDevice device, Peer peer, PeakProbe probe)
    {
        var lines = new List<KeyValuePair<string, string>>
        {
            new("Machine", $"{Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}"),
            new("Peak", $"{probe.Best / 1e9:F0} GFLOP/s of multiply-adds in {32 * device.VectorWidth}-bit vectors, all threads together"),
            new("Ours", $"GpuCnn on {RuntimeInformation.FrameworkDescription}, threads: {device.Threads}"),
            new("Peer", peer.Description),
        };
        AddCommitAndDate(lines);
        return lines;
    }

    private static void AddCommitAndDate(List<KeyValuePair<string, string>> lines)
    {
        if ((Output("git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*") ?? BuiltFrom()) is { } commit)
            lines.Add(new("Commit", commit));
        lines.Add(new("Date", $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC"));
    }

    private static string? NvidiaDriver() => Output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader") is { } version
        ? $"NVIDIA {version.Split('\n')[0]}"
        : null;

    /// <summary>The commit that a published build was made from, if the build recorded it.</summary>
    private static string? BuiltFrom()
    {
        string? version = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        return version?.Split('+') is [_, var revision] ? $"{revision[..Math.Min(10, revision.Length)]} (built from it)" : null;
    }

    private static string Processor()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? name = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return name?[(name.IndexOf(':') + 1)..].Trim() ?? $"{RuntimeInformation.ProcessArchitecture}";
    }

    /// <summary>Runs a program and returns its output; null if the program is missing or fails.</summary>
    private static string? Output(string program, params IEnumerable<string> arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            string text = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 && text.Length > 0 ? text : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
