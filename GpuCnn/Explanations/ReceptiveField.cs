using GpuCnn.Engine.Graphs;

namespace GpuCnn.Explanations;

/// <summary>Receptive fields of a map's pixels along one axis, in pixels of the network's input.</summary>
/// <param name="Size">Input pixels that one pixel depends on; padding counts.</param>
/// <param name="Jump">Distance of the fields of two neighbouring pixels.</param>
/// <param name="Start">Centre of the first pixel's field. The input's first pixel has its centre at 0.5.</param>
public readonly record struct FieldAxis(long Size, long Jump, double Start)
{
    /// <summary>Those of the input itself.</summary>
    public static FieldAxis Input { get; } = new(1, 1, 0.5);

    private double First => Start - Size / 2.0;

    private double End => Start + Size / 2.0;

    /// <summary>Returns the fields of a layer's output: r + (k - 1) j, j s, and start + ((k - 1) / 2 - p) j.</summary>
    public FieldAxis After(int window, int stride, int padding) =>
        new(Size + (window - 1L) * Jump, Jump * stride, Start + ((window - 1) / 2.0 - padding) * Jump);

    /// <summary>Returns the fields of a sum or a concatenation, which reach as far as any of its inputs'.</summary>
    public FieldAxis With(FieldAxis other)
    {
        double first = Math.Min(First, other.First), end = Math.Max(End, other.End);
        return new((long)Math.Round(end - first), Math.Max(Jump, other.Jump), (first + end) / 2);
    }
}

/// <summary>
/// Receptive fields of a map's pixels: which rows and columns of the image one value depends on (Araujo, Norris and Sim, 2019,
/// https://distill.pub/2019/computing-receptive-fields).
/// </summary>
public readonly record struct ReceptiveField(FieldAxis Rows, FieldAxis Columns)
{
    /// <summary>Those of the input itself.</summary>
    public static ReceptiveField Input { get; } = new(FieldAxis.Input, FieldAxis.Input);

    /// <summary>Computes the fields of every value of a graph, of which branches join at sums and concatenations.</summary>
    public static IReadOnlyDictionary<Value, ReceptiveField> Of(Graph graph)
    {
        var fields = new Dictionary<Value, ReceptiveField> { [graph.Input] = Input };
        foreach (Node node in graph.Nodes)
        {
            ReceptiveField joined = node.Inputs.Select(input => fields[input]).Aggregate((a, b) => a.With(b));
            fields[node.Output] = joined.After(node.Operator.WindowOf(node.InputShapes));
        }
        return fields;
    }

    /// <summary>Returns the fields of the output of a layer with these windows.</summary>
    public ReceptiveField After(InputWindow window) => new(
        Rows.After(window.Size.Rows, window.Stride.Rows, window.Padding.Rows),
        Columns.After(window.Size.Columns, window.Stride.Columns, window.Padding.Columns));

    private ReceptiveField With(ReceptiveField other) => new(Rows.With(other.Rows), Columns.With(other.Columns));

    /// <summary>"11x11"</summary>
    public override string ToString() => $"{Rows.Size}x{Columns.Size}";
}
