using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;

namespace GpuCnn.Explanations;

/// <summary>
/// Convolutions beside the single one that would read the same pixels and give the same volume. Only weights count, without biases.
/// </summary>
/// <param name="Layers">The convolutions, in order of execution.</param>
/// <param name="Built">What they are: "3x3 64, 3x3 64".</param>
/// <param name="Instead">What would take their place: "5x5 64".</param>
public sealed record FilterComparison(
    IReadOnlyList<Node> Layers, string Built, string Instead, long Weights, long MultiplyAdds, long InsteadWeights,
    long InsteadMultiplyAdds)
{
    /// <summary>
    /// Finds convolutions larger than 1x1 one after another, with nothing between them but norms and activations: two of 3x3 read what one
    /// of 5x5 reads, three what one of 7x7 reads (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556).
    /// </summary>
    public static IReadOnlyList<FilterComparison> Stacks(IReadOnlyList<Node> nodes)
    {
        var found = new List<FilterComparison>();
        var taken = new HashSet<Node>();
        foreach (Node first in nodes.Where(node => IsLarge(node) && !taken.Contains(node)))
        {
            List<Node> stack = [first];
            while (Readers(stack[^1], nodes) is [var next] && IsLarge(next)) stack.Add(next);
            taken.UnionWith(stack);
            if (stack.Count > 1) found.Add(Compare(stack));
        }
        return found;

        static bool IsLarge(Node node) => node.Operator is Conv2d { Groups: 1, Size: { Rows: > 1, Columns: > 1 } };
    }

    /// <summary>
    /// Finds 1x1 convolutions that make the input of larger filters thinner, those that widen their output again, and depthwise filters
    /// with a 1x1 convolution after them; each beside filters that read and write the full depth.
    /// </summary>
    public static IReadOnlyList<FilterComparison> Reductions(IReadOnlyList<Node> nodes)
    {
        var found = new List<FilterComparison>();
        foreach (Node node in nodes)
        {
            if (node.Operator is not Conv2d convolution) continue;
            int channels = node.InputShapes[0].Channels;
            List<Node> readers = Readers(node, nodes);
            if (convolution is { Groups: 1, Size: (1, 1) } && convolution.Filters < channels)
            {
                bool isReduction = readers.Count > 0 && readers.All(reader => reader.Operator is Conv2d { Groups: 1 })
                    && readers.Any(reader => reader.Operator is Conv2d { Size: { Rows: > 1 } or { Columns: > 1 } });
                if (!isReduction) continue;
                // A bottleneck's last convolution is a part of it.
                if (readers is [var only] && Readers(only, nodes) is [{ Operator: Conv2d { Groups: 1, Size: (1, 1) } widening } wide]
                    && widening.Filters > ((Conv2d)only.Operator).Filters) found.Add(Compare([node, only, wide]));
                else if (readers is [var reader]) found.Add(Compare([node, reader]));
                else found.Add(CompareBranches(node, readers));
            }
            else if (convolution.Groups > 1 && convolution.Groups == channels && convolution.Filters == channels
                && readers is [{ Operator: Conv2d { Groups: 1, Size: (1, 1) } } mixing])
            {
                found.Add(Compare([node, mixing]));
            }
        }
        return found;
    }

    /// <summary>Compares a chain with one filter over the whole depth that reads as far.</summary>
    private static FilterComparison Compare(IReadOnlyList<Node> chain)
    {
        ReceptiveField field = ReceptiveField.Input;
        foreach (Node node in chain) field = field.After(node.Operator.WindowOf(node.InputShapes));
        Node last = chain[^1];
        long window = field.Rows.Size * field.Columns.Size * chain[0].InputShapes[0].Channels;
        int filters = ((Conv2d)last.Operator).Filters;
        return new(chain, string.Join(", ", chain.Select(Describe)), $"{field} {filters}", chain.Sum(WeightsOf),
            chain.Sum(node => node.MultiplyAdds), window * filters, window * last.Output.Shape.Count);
    }

    /// <summary>Compares a reduction and several filters that read it with the same filters over the whole depth.</summary>
    private static FilterComparison CompareBranches(Node reduction, IReadOnlyList<Node> readers)
    {
        Node[] all = [reduction, .. readers];
        long channels = reduction.InputShapes[0].Channels, reduced = reduction.Output.Shape.Channels;
        return new(all, string.Join(", ", all.Select(Describe)), string.Join(", ", readers.Select(Describe)), all.Sum(WeightsOf),
            all.Sum(node => node.MultiplyAdds), readers.Sum(WeightsOf) * channels / reduced,
            readers.Sum(node => node.MultiplyAdds) * channels / reduced);
    }

    /// <summary>
    /// Returns the convolutions that read a node's output, through layers that leave pixels where they are. Empty if anything else reads
    /// it.
    /// </summary>
    private static List<Node> Readers(Node node, IReadOnlyList<Node> nodes)
    {
        var found = new List<Node>();
        var known = nodes.ToHashSet();
        foreach (Node reader in node.Output.Consumers.Where(known.Contains))
        {
            if (reader.Operator is Conv2d)
            {
                found.Add(reader);
                continue;
            }
            bool keepsPixels = reader.Inputs.Count == 1 && reader.Operator.WindowOf(reader.InputShapes) == InputWindow.Pixel;
            if (!keepsPixels || Readers(reader, nodes) is not { Count: > 0 } further) return [];
            found.AddRange(further);
        }
        return found;
    }

    private static string Describe(Node node)
    {
        var convolution = (Conv2d)node.Operator;
        return $"{convolution.Size.Rows}x{convolution.Size.Columns} {(convolution.Groups > 1 ? "depthwise" : $"{convolution.Filters}")}";
    }

    private static long WeightsOf(Node node) =>
        node.Parameters.Where(parameter => parameter.Spec.Role == ParameterRole.Weight).Sum(parameter => (long)parameter.Spec.Count);
}
