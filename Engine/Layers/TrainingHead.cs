using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Layers that end in their own class scores, with their own loss in training; the following layers get the input unchanged. Inference
/// omits them (GoogLeNet's auxiliary classifiers).
/// </summary>
/// <param name="weight">Weight of the loss, relative to 1 for the network's own.</param>
public sealed class TrainingHead(Layer layers, float weight) : Layer
{
    public Layer Layers { get; } = layers;

    public float Weight { get; } = weight;

    public override Value Build(Graph graph, Value input, string path)
    {
        graph.AddHead(Layers.Build(graph, input, path), Weight);
        return input;
    }
}
