namespace GpuCnn.Engine.Graphs;

/// <summary>
/// A part of a network: an operator, or a composition of layers. Layers hold only the numbers that describe the network; sizes of inputs
/// are inferred when a <see cref="Network"/> is built from them.
/// </summary>
public abstract class Layer
{
    /// <summary>Adds this layer to a graph after <paramref name="input"/> and returns its result.</summary>
    /// <param name="path">The layer's path, for example <c>features.conv1</c>; its parameters are named after it.</param>
    public abstract Value Build(Graph graph, Value input, string path);

    /// <summary>Returns the path of a part named <paramref name="name"/> in <paramref name="path"/>.</summary>
    private protected static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
