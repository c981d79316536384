using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Bench.Workloads;

/// <summary>The weights that both sides start from: drawn by our side, and written for the other under torchvision's names. Gone when the process ends.</summary>
internal static class ExchangedWeights
{
    public const ulong Seed = 1;

    private static readonly Dictionary<string, string> Files = [];
    private static DirectoryInfo? _folder;

    public static string FileOf(Network network)
    {
        string key = $"{network.Name}-{network.Input}";
        if (Files.TryGetValue(key, out string? file)) return file;
        if (_folder == null)
        {
            _folder = Directory.CreateTempSubdirectory("gpucnn-bench-");
            AppDomain.CurrentDomain.ProcessExit += (_, _) => _folder.Delete(recursive: true);
        }
        file = Path.Combine(_folder.FullName, $"{key}.safetensors");
        using var device = new CpuDevice(threads: 1);
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        parameters.Initialize(Seed);
        SafetensorsFile.Write(file, parameters.ExportWeights());
        Files.Add(key, file);
        return file;
    }
}
