using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Files;

namespace GpuCnn.Engine.Tuning;

/// <summary>
/// The fastest measured algorithm of each problem on a device, kept in the user's cache folder (<c>GPUCNN_CACHE</c>). Plans use this table,
/// and the sizes' rule for other problems. A run keeps the algorithms that its plans used, so that a new measurement does not change it.
/// </summary>
public sealed class AlgorithmTable
{
    private readonly SortedDictionary<string, string> _algorithms;

    private AlgorithmTable(string? path, SortedDictionary<string, string> algorithms)
    {
        Path = path;
        _algorithms = algorithms;
    }

    /// <summary>Null if the user has no cache folder; then nothing is kept.</summary>
    public string? Path { get; }

    /// <summary>Algorithms by problem.</summary>
    public IReadOnlyDictionary<string, string> Algorithms => _algorithms;

    /// <summary>Loads a device's table; empty if there is none or the file cannot be read.</summary>
    public static AlgorithmTable Load(Device device, string? folder = null)
    {
        if ((folder ?? BinaryCache.DefaultFolder("tuning")) is not { } parent) return new(null, new(StringComparer.Ordinal));
        string path = System.IO.Path.Combine(parent, FileName(device));
        try
        {
            if (RegularFile.IsEmpty(path)) return new(path, new(StringComparer.Ordinal));
            var stored = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(path));
            return new(path, new(stored ?? [], StringComparer.Ordinal));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return new(path, new(StringComparer.Ordinal));
        }
    }

    public void Set(string problem, string algorithm) => _algorithms[problem] = algorithm;

    /// <exception cref="GpuCnnException">The table cannot be written, or there is no cache folder.</exception>
    public void Save()
    {
        if (Path is null)
        {
            throw new GpuCnnException(
                "There is no cache folder to keep measurements in; set GPUCNN_CACHE to a folder that can be written.");
        }
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GpuCnnException(
                $"The folder of '{Path}' cannot be created: {exception.Message} "
                + "Set GPUCNN_CACHE to a folder that can be written.", exception);
        }
        AtomicFile.Write(Path, stream => stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(_algorithms, Indented) + "\n")));
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Names a file by the device's description, because an index may belong to another device tomorrow.</summary>
    private static string FileName(Device device)
    {
        string kind = device.Name.Split(':')[0];
        return $"{kind}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(device.Hardware)))[..16]}.json";
    }
}
