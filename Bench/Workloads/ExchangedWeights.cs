using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>The weights that both sides start from: drawn by our side, and written for the other under torchvision's names. Gone when the process ends.</summary>
internal static class ExchangedWeights
{
    /// <summary>
    /// Biases of batch norms. Behind them few of the millions of values that ReLU sees lie so near to 0 that a rounding moves them across: from biases of 0 the third loss of ResNet-50 is 0.6 % of
    /// what it has fallen by from float64's in PyTorch's own float32, and nothing could be told from it.
    /// </summary>
    private const float NormBias = 2;

    private static readonly Dictionary<string, string> Files = [];
    private static DirectoryInfo? _folder;

    /// <summary>The same on every device.</summary>
    public static void Draw(ParameterStore parameters)
    {
        parameters.Initialize(seed: 1);
        foreach (Parameter parameter in parameters.Network.Learned.Where(parameter => parameter is { Node.Operator: BatchNorm2d, Spec.Role: ParameterRole.Bias }))
        {
            var biases = new Tensor([.. parameter.Spec.Dimensions]);
            biases.Values.AsSpan().Fill(NormBias);
            parameters.SetWeights(parameter, biases);
        }
    }

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
        Draw(parameters);
        SafetensorsFile.Write(file, parameters.ExportWeights());
        Files.Add(key, file);
        return file;
    }
}
