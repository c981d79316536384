using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Models;

namespace GpuCnn.Bench.Scaling;

/// <summary>A network on one GPU, for predictions.</summary>
/// <param name="Model">Its name here.</param>
/// <param name="ImagesPerSecond">Of training on one GPU.</param>
/// <param name="Source">Where that number is from.</param>
internal sealed record GpuNetwork(string Model, double ImagesPerSecond, string Source)
{
    /// <summary>
    /// Bytes that SGD with momentum moves for a weight, and the rate at which an H200 copies: the update waits for the sums, so it counts
    /// by itself.
    /// </summary>
    private const double UpdateBytes = 20, CopyRate = 4.1e12;

    /// <summary>The four networks. Float32 throughout.</summary>
    public static IReadOnlyList<GpuNetwork> All { get; } =
    [
        new("alexnet", 5000, "assumed: 20 TFLOP/s"),
        new("vgg16", 280, "assumed: 26 TFLOP/s"),
        new("googlenet-torchvision", 2124, "measured"),
        new("resnet50", 1038, "measured"),
    ];

    private readonly Network _network = Architecture.Find(Model).Build();

    public long Parameters => _network.ParameterCountWithHeads;

    /// <summary>
    /// Work of a batch. The forward pass takes a third of the time and the backward pass two, and each layer a part by its multiply-adds,
    /// as each of the three products has as many.
    /// </summary>
    /// <param name="bucketBytes">Bytes from which on a piece of the gradients is closed.</param>
    /// <param name="bytesPerGradient">4 of float32, 2 of bf16.</param>
    public StepWork WorkOf(int batch, long bucketBytes, int bytesPerGradient = sizeof(float))
    {
        double seconds = batch / ImagesPerSecond, update = Parameters * UpdateBytes / CopyRate, computing = seconds - update;
        double all = _network.Graph.Nodes.Sum(node => (double)node.MultiplyAdds);
        return StepWork.Of(computing / 3, _network.Graph.Nodes.Reverse().Select(node => (2 * computing / 3 * node.MultiplyAdds / all,
            node.Parameters.Where(parameter => parameter.IsTrained).Sum(parameter => (long)bytesPerGradient * parameter.Spec.Count))),
            update, bucketBytes);
    }
}
