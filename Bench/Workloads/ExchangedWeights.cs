using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// The weights that both sides start from. Our side draws them, and writes them for the peer with torchvision's names, to files that are
/// deleted when the process ends.
/// </summary>
internal static class ExchangedWeights
{
    /// <summary>
    /// Biases of batch norms. They keep almost all of the millions of inputs of ReLU so far from 0 that rounding does not change a sign.
    /// With biases of 0, the third loss of ResNet-50 in PyTorch's own float32 differs from float64 by 0.6 % of the decrease so far, which
    /// would hide errors.
    /// </summary>
    private const float NormBias = 2;

    private static readonly Dictionary<string, string> Files = [];
    private static DirectoryInfo? _folder;

    /// <summary>Draws the weights, the same on every device.</summary>
    public static void Draw(ParameterStore parameters)
    {
        parameters.Initialize(seed: 1);
        IEnumerable<Parameter> biasesOfNorms = parameters.Network.Learned
            .Where(parameter => parameter is { Node.Operator: BatchNorm2d, Spec.Role: ParameterRole.Bias });
        foreach (Parameter parameter in biasesOfNorms)
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
        if (_folder is null)
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
