using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Finds the machine's NVRTC libraries. They come with CUDA's toolkit and with Python packages, not with the driver.
/// </summary>
/// <param name="loaderNames">Names for the system's loader, tried first.</param>
/// <param name="folders">Folders searched next.</param>
internal sealed class NvrtcLibraries(IReadOnlyList<string> loaderNames, Func<IEnumerable<string>> folders)
{
    private static readonly string[] LinuxNames = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"];
    private static readonly string[] WindowsNames = ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"];

    private readonly ConcurrentDictionary<string, NvrtcApi> _loaded = new();

    /// <summary>The libraries of this machine.</summary>
    public static NvrtcLibraries Machine { get; } = new(
        OperatingSystem.IsWindows() ? WindowsNames : LinuxNames,
        () => CudaLibraryFolders.Of("cuda_nvrtc", Environment.GetEnvironmentVariable, "/"));

    /// <summary>Returns the first library that supports a device, or null and the <paramref name="reason"/>.</summary>
    /// <param name="driver">The driver's version: 12040 for 12.4.</param>
    /// <param name="device">The device's compute capability: 90 for 9.0.</param>
    /// <param name="reason">What was found or searched and what to install, without a full stop.</param>
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
            : $"NVRTC, which compiles the kernels, was not found ({string.Join(", ", loaderNames)} on the loader's path, in CUDA_PATH " +
              "and CUDA_HOME, in /usr/local/cuda*, and in Python's nvidia packages)";
        reason = $"{found}: install the CUDA {driver / 1000} toolkit, or pip install {Package(driver, device)}";
        return null;
    }

    private IEnumerable<string> Files() =>
        CudaLibraryFolders.Files(folders(), "libnvrtc.so*", "nvrtc64_*.dll")
            .Where(file => !file.Contains(".alt.", StringComparison.Ordinal));

    private NvrtcApi? Load(string path)
    {
        if (_loaded.TryGetValue(path, out NvrtcApi? known)) return known;
        if (Path.IsPathFullyQualified(path)) LoadBuiltins(Path.GetDirectoryName(CudaLibraryFolders.Target(path))!);
        return NativeLibrary.TryLoad(path, out nint library) ? _loaded.GetOrAdd(path, path => new NvrtcApi(library, path)) : null;
    }

    /// <summary>Loads NVRTC's builtins. NVRTC looks them up only by name, which finds loaded libraries.</summary>
    private static void LoadBuiltins(string folder)
    {
        foreach (string file in CudaLibraryFolders.Files([folder], "libnvrtc-builtins.so*", "nvrtc-builtins64_*.dll"))
            if (!file.Contains(".alt.", StringComparison.Ordinal)) _ = NativeLibrary.TryLoad(file, out _);
    }

    /// <summary>Returns the Python package for a device: NVRTC 13 and later do not support compute capabilities below 7.5.</summary>
    private static string Package(int driver, int device) => (driver / 1000) switch
    {
        11 => "nvidia-cuda-nvrtc-cu11",
        12 => "nvidia-cuda-nvrtc-cu12",
        _ => device < 75 ? "nvidia-cuda-nvrtc-cu12" : "nvidia-cuda-nvrtc",
    };
}
