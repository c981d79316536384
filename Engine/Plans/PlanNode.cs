using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;

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

/// <summary>A node as a plan runs it: an operator, and the activation that is fused into it.</summary>
public sealed record PlanNode(Node Node, Activation? Activation, Value Output)
{
    public string Name => Node.Path.Length == 0 ? Node.Operator.Type : Node.Path;

    /// <summary>
    /// Fuses every activation into the operator before it where that operator can apply one and nothing else reads its output. Views
    /// are left out: they do nothing. So are nodes that no output follows from; heads are outputs while training.
    /// </summary>
    internal static List<PlanNode> Fuse(Network network, bool training)
    {
        Value[] outputs = [network.Output, .. training ? network.Graph.Heads.Select(head => head.Output) : []];
        HashSet<Node> needed = Graph.Leading(outputs);
        var nodes = new List<PlanNode>();
        var fused = new HashSet<Node>();
        foreach (Node node in network.Graph.Nodes.Where(needed.Contains))
        {
            if (fused.Contains(node) || node.Operator.IsView(training)) continue;
            if (node.Operator.FusesActivation && !outputs.Contains(node.Output)
                && node.Output.Consumers.Where(needed.Contains).ToList() is [{ Operator: Activation activation } next])
            {
                fused.Add(next);
                nodes.Add(new(node, activation, next.Output));
            }
            else
            {
                nodes.Add(new(node, null, node.Output));
            }
        }
        return nodes;
    }
}
