using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>How one value of a layer's output follows from the layer's input and weights.</summary>
public abstract class ValueExplanation
{
    private readonly ValuePlace _place;

    private protected ValueExplanation(ValuePlace place) => _place = place;

    public Node Layer => _place.Layer;

    /// <summary>Number of the map; the unit, of a vector.</summary>
    public int Map => _place.Map;

    public int Row => _place.Row;

    public int Column => _place.Column;

    /// <summary>The value that the device computed, in float32.</summary>
    public float Value => _place.Value;

    /// <summary>The value as this explanation computes it, in float64.</summary>
    public abstract double Result { get; }

    /// <summary>The explanation for people.</summary>
    public IEnumerable<string> Lines
    {
        get
        {
            Shape shape = Layer.Output.Shape;
            string where = shape.IsVector ? $"unit {Map} of {shape.Count}"
                : $"map {Map} of {shape.Channels}, row {Row}, column {Column} of {shape.Height}x{shape.Width}";
            yield return $"{_place.Name} ({Layer.Operator.Type}): {where}";
            foreach (string line in Arithmetic) yield return line;
            yield return $"{_place.Name,-Label} {NumberText.Of(Value)}";
            foreach ((Node then, float value) in _place.Then())
                yield return $"{$"then {Activations.NameOf(then)}",-Label} {NumberText.Of(value)}  ({then.Operator.Type})";
        }
    }

    /// <summary>Width of the words before a number.</summary>
    private protected const int Label = 24;

    /// <summary>The lines of the layer's own arithmetic.</summary>
    private protected abstract IEnumerable<string> Arithmetic { get; }

    private protected static string Line(string name, double value, string? note = null) =>
        $"{name,-Label} {NumberText.Of(value)}{(note is null ? "" : $"  {note}")}";
}

/// <summary>A value of a layer whose arithmetic is not known here: only the value.</summary>
internal sealed class UnexplainedValue(ValuePlace place) : ValueExplanation(place)
{
    public override double Result => Value;

    private protected override IEnumerable<string> Arithmetic =>
        [$"of {string.Join(" and ", Layer.InputShapes)}; the arithmetic of {Layer.Operator.Type} is not explained"];
}
