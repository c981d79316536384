using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;

namespace GpuCnn.Explanations;

/// <summary>
/// What the sparse connections and the shared weights of a convolution save: its parameters, those of a layer whose values have weights of
/// their own, and those of the fully connected layer between the same volumes. Biases count.
/// </summary>
/// <param name="Shared">Parameters of the convolution.</param>
/// <param name="Unshared">Parameters if each output value had its own weights, of its window alone, and a bias.</param>
/// <param name="Connected">Parameters if each output value had a weight for each input value, and a bias.</param>
public sealed record ReplacedConnections(Node Layer, long Shared, long Unshared, long Connected)
{
    /// <summary>Counts for each convolution of some nodes.</summary>
    public static IReadOnlyList<ReplacedConnections> Of(IEnumerable<Node> nodes) =>
        [.. nodes.Where(node => node.Operator is Conv2d).Select(node => Of(node, (Conv2d)node.Operator))];

    private static ReplacedConnections Of(Node node, Conv2d convolution)
    {
        long outputs = node.Output.Shape.Count, bias = convolution.HasBias ? 1 : 0;
        long window = (long)convolution.Size.Rows * convolution.Size.Columns * (node.InputShapes[0].Channels / convolution.Groups);
        return new(node, (window + bias) * convolution.Filters, (window + bias) * outputs, (node.InputShapes[0].Count + bias) * outputs);
    }
}
