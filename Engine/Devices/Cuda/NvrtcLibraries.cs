using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// The NVRTC libraries of the machine. They do not come with the driver but with CUDA's toolkit, and with Python packages that many have
/// for other reasons; so they are looked for where those put them.
/// </summary>
/// <param name="loaderNames">Names that the system's loader resolves, tried first.</param>
/// <param name="folders">Folders to look in after that.</param>
internal sealed class NvrtcLibraries(IReadOnlyList<string> loaderNames, Func<IEnumerable<string>> folders)
{
    private static readonly string[] LinuxNames = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"];
    private static readonly string[] WindowsNames = ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"];

    private readonly ConcurrentDictionary<string, NvrtcApi> _loaded = new();

    /// <summary>Those of this machine.</summary>
    public static NvrtcLibraries Machine { get; } = new(
        OperatingSystem.IsWindows() ? WindowsNames : LinuxNames, () => Folders(Environment.GetEnvironmentVariable, "/"));

    /// <summary>The first library that serves a device, or null, for <paramref name="reason"/>.</summary>
    /// <param name="driver">The driver's version, as 12040 for 12.4.</param>
    /// <param name="device">The device's compute capability, as 90 for 9.0.</param>
    /// <param name="reason">Without a full stop: what was found or looked for, and what to install.</param>
    public NvrtcTarget? Find(int driver, int device, out string reason)
    {
        var problems = new List<string>();
        foreach (string path in loaderNames.Concat(Files()))
        {
            try
            {
                if (Load(path) is not { } api) continue;
                if (NvrtcTarget.Of(api, driver, device, out string problem) is { } target)
                {
                    reason = "";
                    return target;
                }
                problems.Add(problem);
            }
            catch (DeviceUnavailableException exception)
            {
                problems.Add(exception.Message);
            }
        }
        string found = problems.Count > 0
            ? string.Join("; ", problems.Distinct())
            : $"NVRTC, which compiles the kernels, was not found ({string.Join(", ", loaderNames)} on the loader's path, in CUDA_PATH and " +
              "CUDA_HOME, in /usr/local/cuda*, and in Python's nvidia packages)";
        reason = $"{found}: install the CUDA {driver / 1000} toolkit, or pip install {Package(driver, device)}";
        return null;
    }

    /// <summary>Where toolkits and Python packages put libraries; folders that are not there are left out.</summary>
    /// <param name="variable">The value of an environment variable.</param>
    /// <param name="root">What stands for the root of the file system.</param>
    internal static IEnumerable<string> Folders(Func<string, string?> variable, string root)
    {
        var folders = new List<string>();
        foreach (string name in (string[])["CUDA_PATH", "CUDA_HOME"])
            if (variable(name) is { Length: > 0 } toolkit) AddToolkit(folders, toolkit);
        string local = Path.Combine(root, "usr", "local");
        foreach (string toolkit in Matches(local, "cuda*")) AddToolkit(folders, toolkit);

        foreach (string name in (string[])["VIRTUAL_ENV", "CONDA_PREFIX"])
        {
            if (variable(name) is not { Length: > 0 } environment) continue;
            // Conda has a toolkit's libraries of its own.
            folders.Add(Path.Combine(environment, "lib"));
            folders.Add(Path.Combine(environment, "Library", "bin"));
            AddPackages(folders, Path.Combine(environment, "Lib", "site-packages"));
            AddPythons(folders, Path.Combine(environment, "lib"));
        }
        if (variable("HOME") is { Length: > 0 } home) AddPythons(folders, Path.Combine(home, ".local", "lib"));
        AddPythons(folders, Path.Combine(local, "lib"));
        AddPythons(folders, Path.Combine(root, "usr", "lib"));
        return folders.Distinct().Where(Directory.Exists);
    }

    /// <summary>Where one is, each file once though toolkits have several links to it, newer ones first.</summary>
    private IEnumerable<string> Files()
    {
        var seen = new HashSet<string>();
        foreach (string folder in folders())
        {
            IEnumerable<string> files = Matches(folder, "libnvrtc.so*").Concat(Matches(folder, "nvrtc64_*.dll"))
                .Where(file => !file.Contains(".alt.", StringComparison.Ordinal));
            foreach (string file in files)
                if (seen.Add(Target(file))) yield return file;
        }
    }

    private NvrtcApi? Load(string path)
    {
        if (_loaded.TryGetValue(path, out NvrtcApi? known)) return known;
        if (Path.IsPathFullyQualified(path)) LoadBuiltins(Path.GetDirectoryName(Target(path))!);
        return NativeLibrary.TryLoad(path, out nint library) ? _loaded.GetOrAdd(path, path => new NvrtcApi(library, path)) : null;
    }

    /// <summary>NVRTC loads them by their name alone when it compiles, which finds those that are loaded already.</summary>
    private static void LoadBuiltins(string folder)
    {
        foreach (string file in Matches(folder, "libnvrtc-builtins.so*").Concat(Matches(folder, "nvrtc-builtins64_*.dll")))
            if (!file.Contains(".alt.", StringComparison.Ordinal)) _ = NativeLibrary.TryLoad(file, out _);
    }

    private static void AddToolkit(List<string> folders, string toolkit)
    {
        folders.Add(Path.Combine(toolkit, "lib64"));
        folders.Add(Path.Combine(toolkit, "targets", "x86_64-linux", "lib"));
        folders.Add(Path.Combine(toolkit, "targets", "sbsa-linux", "lib"));
        folders.Add(Path.Combine(toolkit, "bin"));
        folders.Add(Path.Combine(toolkit, "bin", "x64"));
    }

    private static void AddPythons(List<string> folders, string lib)
    {
        foreach (string python in Matches(lib, "python3*"))
        {
            AddPackages(folders, Path.Combine(python, "site-packages"));
            AddPackages(folders, Path.Combine(python, "dist-packages"));
        }
    }

    private static void AddPackages(List<string> folders, string packages)
    {
        // One package for each part of CUDA up to version 12, a common folder for each version from 13 on.
        foreach (string part in Matches(Path.Combine(packages, "nvidia"), "cu1*").Append(Path.Combine(packages, "nvidia", "cuda_nvrtc")))
        {
            folders.Add(Path.Combine(part, "lib"));
            folders.Add(Path.Combine(part, "bin"));
            folders.Add(Path.Combine(part, "bin", "x86_64"));
        }
    }

    /// <summary>Files and folders of a folder whose names match; the last first, which is the newest of names with versions.</summary>
    private static IEnumerable<string> Matches(string folder, string pattern)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder, pattern).OrderDescending(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Target(string file)
    {
        try
        {
            return File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return file;
        }
    }

    /// <summary>The Python package that serves the device: from version 13 on NVRTC does not know those before compute capability 7.5.</summary>
    private static string Package(int driver, int device) => (driver / 1000) switch
    {
        11 => "nvidia-cuda-nvrtc-cu11",
        12 => "nvidia-cuda-nvrtc-cu12",
        _ => device < 75 ? "nvidia-cuda-nvrtc-cu12" : "nvidia-cuda-nvrtc",
    };
}
