using System.Diagnostics;
using NUnit.Framework;

namespace GpuCnn.Tests.Cli;

/// <summary>Runs the program as a process of its own.</summary>
internal static class CliProcess
{
    public static Process Start(string[] args, string? folder = null) => Process.Start(new ProcessStartInfo(
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "gpucnn.dll"), .. args])
    {
        WorkingDirectory = folder ?? Path.GetTempPath(),
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    /// <summary>Starts the program by way of a command such as <c>nohup</c>, which it takes the place of.</summary>
    public static Process StartBy(string[] command, string[] args) => Process.Start(new ProcessStartInfo(command[0],
        [.. command[1..], Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            Path.Combine(AppContext.BaseDirectory, "gpucnn.dll"), .. args])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    /// <summary>Sends a signal by its name without SIG.</summary>
    public static void Signal(Process process, string signal)
    {
        using Process killer = Process.Start("kill", ["-s", signal, $"{process.Id}"]);
        killer.WaitForExit();
    }

    /// <summary>Waits for the end of a process and returns what it wrote on standard error.</summary>
    public static string End(Process process, int seconds = 30)
    {
        // Read, so that a full pipe does not stop it.
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.That(process.WaitForExit(1000 * seconds), "It did not end.");
        output.Wait();
        return error.Result.Trim();
    }

    /// <summary>The checkpoints of a run, the oldest first.</summary>
    public static string[] CheckpointsOf(string run) =>
        Directory.Exists(run) ? [.. Directory.GetFiles(run, "checkpoint-*.safetensors").Order(StringComparer.Ordinal)] : [];

    /// <summary>Step of the newest checkpoint; 0 if there is none.</summary>
    public static long NewestStep(string run) => CheckpointsOf(run) is [.., var newest]
        ? long.Parse(Path.GetFileNameWithoutExtension(newest)["checkpoint-".Length..]) : 0;

    public static void WaitFor(Func<bool> condition, int seconds = 30)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(Stopwatch.GetElapsedTime(start).TotalSeconds, Is.LessThan(seconds), "It took too long to begin.");
            Thread.Sleep(2);
        }
    }
}
