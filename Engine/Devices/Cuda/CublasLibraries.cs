using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>A loaded cuBLAS library. It stays loaded.</summary>
/// <param name="Version">In the driver's notation: 12040 for 12.4.</param>
internal sealed record CublasLibrary(nint Handle, string Path, int Version)
{
    /// <summary>Text for messages: <c>cuBLAS 12.4</c>.</summary>
    public override string ToString() => $"cuBLAS {CudaDeviceInfo.VersionText(Version)}";
}

/// <summary>
/// Finds the machine's cuBLAS libraries. They come with CUDA's toolkit and with Python packages, not with the driver. cuBLAS is optional.
/// </summary>
/// <param name="loaderNames">Names for the system's loader, tried first.</param>
/// <param name="folders">Folders searched next.</param>
internal sealed class CublasLibraries(IReadOnlyList<string> loaderNames, Func<IEnumerable<string>> folders)
{
    // libraryPropertyType of library_types.h.
    private const int MajorVersion = 0, MinorVersion = 1;

    private static readonly string[] LinuxNames = ["libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"];
    private static readonly string[] WindowsNames = ["cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll"];

    private readonly ConcurrentDictionary<string, CublasLibrary?> _loaded = new(StringComparer.Ordinal);
    private volatile CublasLibrary? _taken;

    /// <summary>The libraries of this machine.</summary>
    public static CublasLibraries Machine { get; } = new(
        OperatingSystem.IsWindows() ? WindowsNames : LinuxNames,
        () => CudaLibraryFolders.Of("cublas", Environment.GetEnvironmentVariable, "/"));

    /// <summary>
    /// Returns the first library that supports a device, or null and the <paramref name="reason"/>. A process uses one library: once taken,
    /// no other is tried for later devices.
    /// </summary>
    /// <param name="driver">The driver's version: 12040 for 12.4.</param>
    /// <param name="device">The device's compute capability: 90 for 9.0.</param>
    /// <param name="reason">What was found or searched and what to install, without a full stop.</param>
    public CublasLibrary? Find(int driver, int device, out string reason)
    {
        var problems = new List<string>();
        IEnumerable<string> paths = _taken is { } taken
            ? [taken.Path]
            : loaderNames.Concat(CudaLibraryFolders.Files(folders(), "libcublas.so*", "cublas64_*.dll"));
        foreach (string path in paths)
        {
            try
            {
                if (Load(path) is not { } library) continue;
                if (Problem(library, driver, device) is { } problem) problems.Add(problem);
                else
                {
                    reason = "";
                    _taken = library;
                    return library;
                }
            }
            catch (DeviceUnavailableException exception)
            {
                problems.Add(exception.Message);
            }
        }
        string found = problems.Count > 0
            ? string.Join("; ", problems.Distinct())
            : "cuBLAS was not found in toolkits, Python's packages or the loader's path";
        string package = driver / 1000 >= 13 && device >= 75 ? "nvidia-cublas" : $"nvidia-cublas-cu{Math.Clamp(driver / 1000, 11, 12)}";
        reason = $"{found}: pip install {package} gives tune one more algorithm to try";
        return null;
    }

    /// <summary>
    /// Returns the taken library for any cuBLAS import, since the functions used are the same in all versions; 0 for other imports.
    /// </summary>
    public nint Resolve(string import) => import.Contains("cublas", StringComparison.OrdinalIgnoreCase) ? _taken?.Handle ?? 0 : 0;

    private static string? Problem(CublasLibrary library, int driver, int device)
    {
        // Within a major version, older drivers run newer libraries.
        if (library.Version / 1000 > driver / 1000)
            return $"{library} ({library.Path}) is newer than the driver, which has CUDA {CudaDeviceInfo.VersionText(driver)}";
        const int Turing = 75;
        return library.Version >= 13000 && device < Turing
            ? $"{library} ({library.Path}) supports compute capability 7.5 or later, not {CudaDeviceInfo.CapabilityText(device)}"
            : null;
    }

    private CublasLibrary? Load(string path) => _loaded.GetOrAdd(path, static path =>
    {
        // Load its dependency from the same folder, which the system's loader may not search.
        if (Path.IsPathFullyQualified(path))
        {
            string folder = Path.GetDirectoryName(CudaLibraryFolders.Target(path))!;
            foreach (string file in CudaLibraryFolders.Files([folder], "libcublasLt.so*", "cublasLt64_*.dll"))
                _ = NativeLibrary.TryLoad(file, out _);
        }
        return NativeLibrary.TryLoad(path, out nint handle) ? new(handle, path, VersionOf(handle, path)) : null;
    });

    private static unsafe int VersionOf(nint library, string path)
    {
        if (!NativeLibrary.TryGetExport(library, "cublasGetProperty", out nint address))
            throw new DeviceUnavailableException($"cuBLAS ({path}) has no cublasGetProperty; version 11 or later is needed");
        var getProperty = (delegate* unmanaged<int, int*, int>)address;
        int Ask(int property)
        {
            int value, status = getProperty(property, &value);
            return status == 0
                ? value
                : throw new DeviceUnavailableException(string.Create(
                    CultureInfo.InvariantCulture, $"cuBLAS ({path}) does not report its version: status {status}"));
        }

        return 1000 * Ask(MajorVersion) + 10 * Ask(MinorVersion);
    }
}
