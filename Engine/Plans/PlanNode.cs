using GpuCnn.Engine.Graphs;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Plans;

/// <summary>What to do with the gradient of an operator's input.</summary>
public enum GradientUse
{
    /// <summary>Nobody needs it.</summary>
    None,

    /// <summary>Overwrite it.</summary>
    Write,

    /// <summary>Add to what other consumers of the value have written.</summary>
    Add,
}

/// <summary>A node as a plan runs it: an operator, and what is fused into it.</summary>
/// <param name="Addend">What is added to the operator's result, or null.</param>
/// <param name="Activation">What is applied after that, or null.</param>
/// <param name="Output">What comes out of all of it.</param>
/// <param name="GathersMoments">Whether a reader wants the moments of each channel of the output, and the operator can gather them as it writes it.</param>
public sealed record PlanNode(Node Node, Value? Addend, IPointwise? Activation, Value Output, bool GathersMoments)
{
    public string Name => Node.Path.Length == 0 ? Node.Operator.Type : Node.Path;

    /// <summary>The operator's inputs and, last, the addend.</summary>
    public IReadOnlyList<Value> Inputs { get; } = Addend is null ? Node.Inputs : [.. Node.Inputs, Addend];

    /// <summary>
    /// Fuses every addition and every activation into the operator before it where that operator can apply it and nothing else reads its output. Views
    /// are left out: they do nothing. So are nodes that no output follows from; heads are outputs while training.
    /// </summary>
    internal static List<PlanNode> Fuse(Network network, bool training)
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
            if (node.Operator.FusesAdd && OnlyReader(output) is { Operator.IsSum: true } add && Other(add, output) is { } other
                && IsThereBefore(other, node))
            {
                fused.Add(add);
                (addend, output) = (other, add.Output);
            }
            if (node.Operator.FusesActivation && OnlyReader(output) is { Operator.FusedFunction: { } function } last
                && !(training && function.DerivesFromInput))
            {
                fused.Add(last);
                (activation, output) = (function, last.Output);
            }
            // The moments are those of what the operator itself computes.
            bool gathers = training && node.Operator.GathersMoments && output == node.Output && Readers(output).Any(reader => reader.Operator.ReadsMoments);
            nodes.Add(new(node, addend, activation, output, gathers));
        }
        return nodes;

        Node? OnlyReader(Value value) => !outputs.Contains(value) && Readers(value).ToList() is [var reader] ? reader : null;

        IEnumerable<Node> Readers(Value value) => value.Consumers.Where(needed.Contains);

        bool IsThereBefore(Value value, Node node) => Plan.Root(value, training).Producer is not { } producer || producer.Index < node.Index;
    }

    /// <summary>What else is added, or null where a value is added to itself.</summary>
    private static Value? Other(Node add, Value value) => add.Inputs.SingleOrDefault(input => input != value);
}
