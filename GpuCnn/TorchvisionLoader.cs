using System.Diagnostics;
using System.Text.Json;
using GpuCnn.Data;

namespace GpuCnn;

/// <summary>torchvision's DataLoader in a process of its own (Bench/peers/torchvision_loader.py), to measure beside.</summary>
internal sealed class TorchvisionLoader : IDisposable
{
    private const string Resource = "torchvision_loader.py";

    private readonly Process _process;
    private readonly string _script;
    private readonly int _workers;

    private TorchvisionLoader(Process process, string script, int workers, string version)
    {
        _process = process;
        _script = script;
        _workers = workers;
        Version = version;
    }

    public string Version { get; }

    /// <summary>
    /// Starts it, warm; null where no Python has torchvision (GPUCNN_PYTHON, python3 of the path, /usr/bin/python3), or the images are not
    /// in files of
    /// their own.
    /// </summary>
    public static TorchvisionLoader? TryStart(ImageSplit split, int images, int side, int workers, int batch)
    {
        int count = Math.Min(images, split.Count);
        string[] files = [.. Enumerable.Range(0, count).Select(i => Path.GetFullPath(split.Name((int)((long)i * split.Count / count))))];
        if (!OperatingSystem.IsLinux() || !files.All(File.Exists) || files.Any(file => file.Contains('\n'))) return null;
        string script = Path.Combine(Path.GetTempPath(), $"gpucnn-{Environment.ProcessId}-{Resource}");
        using (Stream source = typeof(TorchvisionLoader).Assembly.GetManifestResourceStream(Resource)!)
        using (FileStream target = File.Create(script)) source.CopyTo(target);
        foreach (string python in new[] { Environment.GetEnvironmentVariable("GPUCNN_PYTHON") ?? "", "python3", "/usr/bin/python3" })
            if (python.Length > 0 && TryStart(python, script, files, side, workers, batch) is { } started) return started;
        File.Delete(script);
        return null;
    }

    private static TorchvisionLoader? TryStart(string python, string script, string[] files, int side, int workers, int batch)
    {
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo(python, ["-B", script, $"{side}", $"{workers}", $"{batch}"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            if (process is null) return null;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            foreach (string file in files) process.StandardInput.WriteLine(file);
            process.StandardInput.WriteLine();
            process.StandardInput.Flush();
            if (Read(process) is { } ready && ready.TryGetProperty("torchvision", out JsonElement version))
                return new(process, script, workers, version.GetString()!);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException)
        {
            // There is no such program, or it ended before it read its input.
        }
        End(process);
        return null;
    }

    /// <summary>An epoch over the files; null where it failed.</summary>
    public FeedMeasurement? Measure()
    {
        try
        {
            _process.StandardInput.WriteLine("epoch");
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            return null;
        }
        if (Read(_process) is not { } answer || !answer.TryGetProperty("images", out JsonElement images)) return null;
        return new(images.GetInt32(), _workers, answer.GetProperty("seconds").GetDouble(), answer.GetProperty("cpuSeconds").GetDouble(),
            new Dictionary<Stage, double>());
    }

    public void Dispose()
    {
        End(_process);
        File.Delete(_script);
    }

    private static JsonElement? Read(Process process)
    {
        string? line = process.StandardOutput.ReadLine();
        return line is null ? null : JsonDocument.Parse(line).RootElement;
    }

    private static void End(Process? process)
    {
        if (process is { HasExited: false }) process.Kill(entireProcessTree: true);
        process?.Dispose();
    }
}
