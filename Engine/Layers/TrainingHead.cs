using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Layers that end in class scores of their own, with a loss of their own while training; what follows sees the input as it was. Nothing of it is left when inferring (GoogLeNet's
/// auxiliary classifiers).
/// </summary>
/// <param name="weight">What its loss counts, where the network's own counts 1.</param>
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
