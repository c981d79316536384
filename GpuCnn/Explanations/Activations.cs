using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>
/// What every layer of a network gives for one image: maps [C, H, W] or vectors. Reads weights of the model that made it, which must not
/// be disposed of before.
/// </summary>
public sealed class Activations
{
    private readonly IReadOnlyDictionary<Value, Tensor> _values;
    private readonly Func<Parameter, Tensor> _weights;

    internal Activations(
        Network network, PixelImage picture, ImagePrediction prediction, IReadOnlyDictionary<Value, Tensor> values,
        Func<Parameter, Tensor> weights)
    {
        Network = network;
        Picture = picture;
        Prediction = prediction;
        Layers = LayersOf(network);
        _values = values;
        _weights = weights;
    }

    public Network Network { get; }

    /// <summary>The image in the size that the network gets it.</summary>
    public PixelImage Picture { get; }

    /// <summary>Logits and probabilities.</summary>
    public ImagePrediction Prediction { get; }

    /// <summary>The layers that compute the output, in order.</summary>
    public IReadOnlyList<Node> Layers { get; }

    /// <summary>The network's input: [C, H, W], normalized.</summary>
    public Tensor Input => _values[Network.Graph.Input];

    /// <summary>Returns a layer's output: [C, H, W] of maps, or [features].</summary>
    public Tensor Of(Node layer) => _values[layer.Output];

    /// <inheritdoc cref="Of(Node)"/>
    /// <exception cref="UnknownLayerException">There is no such layer.</exception>
    public Tensor Of(string layer) => Of(FindLayer(Network, layer));

    /// <summary>Explains one value of a layer's output.</summary>
    /// <param name="layer">Name of the layer: <c>conv1</c>.</param>
    /// <param name="map">Number of the map, or of the unit; null takes that with the largest value.</param>
    /// <param name="at">Row and column in the map; null takes the largest value's.</param>
    /// <exception cref="UnknownLayerException">There is no such layer.</exception>
    /// <exception cref="GpuCnnException">The layer's output has no such map or position.</exception>
    public ValueExplanation Explain(string layer, int? map = null, (int Row, int Column)? at = null)
    {
        Node node = FindLayer(Network, layer);
        Shape shape = node.Output.Shape;
        string name = NameOf(node);
        int count = MapCount(shape), height = Height(shape), width = Width(shape);
        string maps = $"{(shape.IsVector ? "units" : "maps")} 0 to {count - 1}";
        if (map is { } number && (number < 0 || number >= count))
            throw new GpuCnnException($"{name} ({node.Operator.Type}) has {maps}, but got {number}.");
        if (at is { } place && (place.Row < 0 || place.Row >= height || place.Column < 0 || place.Column >= width))
        {
            throw new GpuCnnException(shape.IsVector
                ? $"{name} ({node.Operator.Type}) gives a vector of {count} without rows and columns, but got position "
                    + $"{place.Row},{place.Column}."
                : $"{name} ({node.Operator.Type}) has rows 0 to {height - 1} and columns 0 to {width - 1}, but got position "
                    + $"{place.Row},{place.Column}.");
        }
        float[] values = Of(node).Values;
        IEnumerable<int> candidates = Enumerable.Range(0, values.Length);
        if (map is { } only) candidates = candidates.Where(i => i / (height * width) == only);
        if (at is { } one) candidates = candidates.Where(i => i % (height * width) == one.Row * width + one.Column);
        int found = candidates.MaxBy(i => values[i]);
        return Explain(node, found);
    }

    /// <summary>Explains the value at an index of a layer's output.</summary>
    internal ValueExplanation Explain(Node node, int index)
    {
        int width = Width(node.Output.Shape), area = Height(node.Output.Shape) * width;
        var place = new ValuePlace(this, node, index / area, index % area / width, index % width);
        return LayerArithmetic.All.Select(arithmetic => arithmetic.Explain(place)).FirstOrDefault(found => found is not null)
            ?? new UnexplainedValue(place);
    }

    internal Tensor Of(Value value) => _values[value];

    internal Tensor Weights(Parameter parameter) => _weights(parameter);

    /// <summary>The layers that compute a network's output, in order.</summary>
    internal static IReadOnlyList<Node> LayersOf(Network network)
    {
        HashSet<Node> leading = Graph.Leading(network.Output);
        return [.. network.Graph.Nodes.Where(leading.Contains)];
    }

    /// <exception cref="UnknownLayerException">There is no such layer.</exception>
    internal static Node FindLayer(Network network, string name)
    {
        IReadOnlyList<Node> layers = LayersOf(network);
        return layers.FirstOrDefault(layer => NameOf(layer) == name)
            ?? throw new UnknownLayerException(network.Name, name, [.. layers.Select(NameOf)]);
    }

    /// <summary>A layer's name for people: its path, or its type if it is the whole network.</summary>
    internal static string NameOf(Node layer) => layer.Path.Length == 0 ? layer.Operator.Type : layer.Path;

    internal static int MapCount(Shape shape) => shape.IsVector ? shape.Count : shape.Channels;

    internal static int Height(Shape shape) => shape.IsVector ? 1 : shape.Height;

    internal static int Width(Shape shape) => shape.IsVector ? 1 : shape.Width;
}
