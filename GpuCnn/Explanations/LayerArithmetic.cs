using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>
/// Repeats the arithmetic of a kind of layer for one value, in float64. To explain another layer, add a class that derives from this one.
/// </summary>
internal abstract class LayerArithmetic
{
    public static IReadOnlyList<LayerArithmetic> All { get; } = Registry.CreateAll<LayerArithmetic>();

    /// <summary>Explains a value, or returns null if the layer is of another kind.</summary>
    public abstract ValueExplanation? Explain(ValuePlace place);
}

/// <summary>A value of a layer's output, and what it is computed from.</summary>
/// <param name="Row">0 for vectors, like the column.</param>
internal sealed record ValuePlace(Activations Activations, Node Layer, int Map, int Row, int Column)
{
    public string Name => Activations.NameOf(Layer);

    public Shape Input => Layer.InputShapes[0];

    /// <summary>The value that the device computed.</summary>
    public float Value => At(Layer.Output, Map, Row, Column);

    /// <summary>Reads an input of the layer.</summary>
    public float Read(int map, int row, int column, int input = 0) => At(Layer.Inputs[input], map, row, column);

    /// <summary>Reads an input that is a vector.</summary>
    public float Read(int index) => Activations.Of(Layer.Inputs[0]).Values[index];

    /// <summary>Returns a parameter's values, or null if the layer has none of the name.</summary>
    public float[]? Find(string name) => Layer.Parameters.FirstOrDefault(parameter => parameter.Spec.Name == name) is { } parameter
        ? Activations.Weights(parameter).Values : null;

    public float[] Parameter(string name) => Find(name) ?? throw new ArgumentException($"{Name} has no {name}.", nameof(name));

    /// <summary>What becomes of the value in the norms and activations that alone read it: each layer and its value there.</summary>
    public IEnumerable<(Node Layer, float Value)> Then()
    {
        for (Node node = Layer; ;)
        {
            Node[] readers = [.. Activations.Layers.Where(other => other.Inputs.Contains(node.Output))];
            if (readers is not [{ Operator: Activation or BatchNorm2d or Dropout } reader]) yield break;
            yield return (reader, At(reader.Output, Map, Row, Column));
            node = reader;
        }
    }

    /// <summary>Where a position of a value lies: a name for the network's input, or the layer that gave it.</summary>
    public string NameOfInput(int input = 0) =>
        Layer.Inputs[input].Producer is { } producer ? Activations.NameOf(producer) : "the input";

    private float At(Value value, int map, int row, int column)
    {
        Shape shape = value.Shape;
        return Activations.Of(value).Values[(map * Activations.Height(shape) + row) * Activations.Width(shape) + column];
    }
}
