using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using GpuCnn.Tests.Plans;

namespace GpuCnn.Tests.Torch;

/// <summary>Compares a network with PyTorch's: torchvision's, or one in <c>networks/</c>.</summary>
internal static class TheirNetwork
{
    /// <summary>
    /// Loads random weights in PyTorch, by tensor names with none left over, and compares the logits of two random images. Returns their
    /// largest difference, relative to the largest logit.
    /// </summary>
    public static double DistanceOf(string name, string size)
    {
        const int Classes = 7, Images = 2;
        using TemporaryFolder folder = new();
        _ = Shape.TryParse(size, out Shape input);
        Network network = Architecture.Find(name).Build(input, Classes);
        using Device device = DeviceCatalog.Open("cpu");
        using ParameterStore parameters = device.CreateParameters(network, training: false);
        parameters.Initialize(seed: 4);
        using var plan = new Plan(parameters, new() { Images = Images });
        var batch = new Batch(input, Images) { Count = Images };
        var random = new Random(8);
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = 2 * random.NextSingle() - 1;
        plan.Infer(batch);
        var logits = new float[Images * Classes];
        plan.ReadOutput(logits);
        ModelFile.Save(folder["weights.safetensors"],
            new(name, input, [.. Enumerable.Range(0, Classes).Select(k => $"class {k}")], [0, 0, 0], [1, 1, 1], ImageFit.Resize),
            parameters.ExportWeights());
        SafetensorsFile.Write(folder["expected.safetensors"],
            [new("images", new([Images, .. input.Dimensions], batch.GetChannelsFirst())), new("logits", new([Images, Classes], logits))]);
        string printed = PyTorch.Run("load_weights.py", folder["weights.safetensors"], folder["expected.safetensors"]);
        return double.Parse(printed, CultureInfo.InvariantCulture);
    }
}
