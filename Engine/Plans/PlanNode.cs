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
    /// are left out: they do nothing.
    /// </summary>
    internal static List<PlanNode> Fuse(Network network, bool training)
    {
        var nodes = new List<PlanNode>();
        var fused = new HashSet<Node>();
        foreach (Node node in network.Graph.Nodes)
        {
            if (fused.Contains(node) || node.Operator.IsView(training)) continue;
            if (node.Operator.FusesActivation && node.Output != network.Output
                && node.Output.Consumers is [{ Operator: Activation activation } next])
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
