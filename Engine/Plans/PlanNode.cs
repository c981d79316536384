using GpuCnn.Engine.Graphs;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Plans;

/// <summary>How to handle the gradient of an operator's input.</summary>
public enum GradientUse
{
    /// <summary>Nothing needs it.</summary>
    None,

    /// <summary>Overwrite it.</summary>
    Write,

    /// <summary>Add to the gradients of the value's other consumers.</summary>
    Add,
}

/// <summary>A node in a plan: an operator with everything fused into it.</summary>
/// <param name="Addend">Value added to the operator's result, or null.</param>
/// <param name="Activation">Function applied after that, or null.</param>
/// <param name="Output">Result after addend and activation.</param>
/// <param name="GathersMoments">Whether a consumer reads the moments of the output's channels, and the operator can gather them as it
/// writes the output.</param>
public sealed record PlanNode(Node Node, Value? Addend, IPointwise? Activation, Value Output, bool GathersMoments)
{
    public string Name => Node.Path.Length == 0 ? Node.Operator.Type : Node.Path;

    /// <summary>
    /// Norm whose output this operator is the first to read, and the sums of whose gradient it can gather: as backward passes run in
    /// reverse, its own part completes the gradient of that output. Null if there is none, and in inference.
    /// </summary>
    public PlanNode? NormBefore { get; private init; }

    /// <summary>The operator's inputs, then the addend.</summary>
    public IReadOnlyList<Value> Inputs { get; } = Addend is null ? Node.Inputs : [.. Node.Inputs, Addend];

    /// <summary>
    /// Fuses every addition and activation into the operator before it, if that operator can apply it and nothing else reads the operator's
    /// output. Leaves out views, which do nothing, and nodes that no output depends on; heads count as outputs in training.
    /// </summary>
    /// <param name="fuses">Whether to fuse at all.</param>
    internal static List<PlanNode> Fuse(Network network, bool training, bool fuses = true)
    {
        IReadOnlyList<Value> outputs = network.Outputs(training);
        HashSet<Node> needed = Graph.Leading(outputs);
        var nodes = new List<PlanNode>();
        var fused = new HashSet<Node>();
        foreach (Node node in network.Graph.Nodes.Where(needed.Contains))
        {
            if (fused.Contains(node) || node.Operator.IsView(training)) continue;
            Value output = node.Output;
            Value? addend = null;
            IPointwise? activation = null;
            if (fuses && node.Operator.FusesAdd && OnlyReader(output) is { Operator.IsSum: true } add && Other(add, output) is { } other
                && IsThereBefore(other, node))
            {
                fused.Add(add);
                (addend, output) = (other, add.Output);
            }
            if (fuses && node.Operator.FusesActivation && OnlyReader(output) is { Operator.FusedFunction: { } function } last
                && !(training && function.DerivesFromInput))
            {
                fused.Add(last);
                (activation, output) = (function, last.Output);
            }
            // Moments are gathered of the operator's own result, so nothing may be fused after it.
            bool gathers = training && node.Operator.GathersMoments && output == node.Output
                && Readers(output).Any(reader => reader.Operator.ReadsMoments && !reader.FreezesStatistics);
            nodes.Add(new(node, addend, activation, output, gathers)
            {
                NormBefore = training && node.Operator.GathersGradientSums && IsFirstReader()
                    ? nodes.Find(norm => norm.Output == node.Inputs[0] && norm.Node.Operator.ReadsGradientSums
                        && !norm.Node.FreezesStatistics)
                    : null,
            });

            // Readers of views of a value add to the value's gradient.
            bool IsFirstReader() =>
                !nodes.Any(reader => reader.Inputs.Any(input => Plan.Root(input, training) == node.Inputs[0]));
        }
        return nodes;

        Node? OnlyReader(Value value) => !outputs.Contains(value) && Readers(value).ToList() is [var reader] ? reader : null;

        IEnumerable<Node> Readers(Value value) => value.Consumers.Where(needed.Contains);

        bool IsThereBefore(Value value, Node node) =>
            Plan.Root(value, training).Producer is not { } producer || producer.Index < node.Index;
    }

    /// <summary>Returns the other addend, or null if a value is added to itself.</summary>
    private static Value? Other(Node add, Value value) => add.Inputs.SingleOrDefault(input => input != value);
}
