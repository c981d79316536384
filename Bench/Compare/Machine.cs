using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices.Cpu;

namespace GpuCnn.Bench.Compare;

/// <summary>What the numbers were measured on.</summary>
internal static class Machine
{
    public static IReadOnlyList<KeyValuePair<string, string>> Describe(CpuDevice device, Peer peer, PeakProbe probe)
    {
        var lines = new List<KeyValuePair<string, string>>
        {
            new("Machine", $"{Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}"),
            new("Peak", $"{probe.Best / 1e9:F0} GFLOP/s of multiply-adds in {32 * device.VectorWidth}-bit vectors, all threads together"),
            new("Ours", $"GpuCnn on {RuntimeInformation.FrameworkDescription}, threads: {device.Threads}"),
            new("Peer", peer.Description),
        };
        if (Commit() is { } commit) lines.Add(new("Commit", commit));
        lines.Add(new("Date", $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC"));
        return lines;
    }

    private static string Processor()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? name = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return name?[(name.IndexOf(':') + 1)..].Trim() ?? $"{RuntimeInformation.ProcessArchitecture}";
    }

    /// <summary>The commit, marked where files differ from it; null where git cannot tell.</summary>
    private static string? Commit()
    {
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            string text = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 && text.Length > 0 ? text : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
