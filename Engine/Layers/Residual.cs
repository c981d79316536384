using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Adds a shortcut around layers: y = body(x) + shortcut(x), where the shortcut is x itself unless its shape must change (He et al., 2015,
/// https://arxiv.org/abs/1512.03385). The body adds no part to paths: <c>layer1.0.conv1</c>, as in torchvision.
/// </summary>
/// <param name="shortcutName">The shortcut's part of paths: <c>downsample</c>.</param>
public sealed class Residual(Layer body, Layer? shortcut = null, string shortcutName = "downsample") : Layer
{
    public Layer Body { get; } = body;

    /// <summary>Null for the identity.</summary>
    public Layer? Shortcut { get; } = shortcut;

    public override Value Build(Graph graph, Value input, string path)
    {
        Value result = Body.Build(graph, input, path);
        Value around = Shortcut?.Build(graph, input, Join(path, shortcutName)) ?? input;
        return graph.Add(new Add(), [result, around], Join(path, "add"));
    }
}
