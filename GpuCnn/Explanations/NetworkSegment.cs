using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>
/// A part of a network that everything passes through: one layer with the norms and activations after it, or a module of several branches
/// such as a residual block.
/// </summary>
/// <param name="Nodes">The nodes between the last segment's output and this one's, in order of execution.</param>
internal sealed record NetworkSegment(Value Input, Value Output, IReadOnlyList<Node> Nodes)
{
    /// <summary>The layer that makes the output, where it is one; null for a module.</summary>
    public Node? Layer { get; private init; }

    /// <summary>Nodes that follow the segment and keep every value at its place.</summary>
    public IReadOnlyList<Node> Followers { get; private init; } = [];

    /// <summary>Modules alike that one segment stands for.</summary>
    public int Times { get; private init; } = 1;

    /// <summary>Shape of the output, before it is flattened.</summary>
    public Shape Shape => Followers.FirstOrDefault(node => node.Operator is Flatten) is { } flatten ? flatten.InputShapes[0] : Output.Shape;

    /// <summary>Path of the layer, or the part of the path that a module's layers share.</summary>
    public string Name
    {
        get
        {
            if (Layer is not null) return Layer.Path;
            string[][] paths = [.. Nodes.Select(node => node.Path.Split('.'))];
            return string.Join('.', paths[0].TakeWhile((part, i) => paths.All(path => i < path.Length && path[i] == part)));
        }
    }

    /// <summary>Divides a network, without its training heads, at the values that everything passes through.</summary>
    /// <param name="most">Beyond this number, modules of one size one after another become one segment.</param>
    public static IReadOnlyList<NetworkSegment> Of(Network network, int most)
    {
        HashSet<Node> needed = Graph.Leading(network.Output);
        var open = new Dictionary<Value, int>();
        var segments = new List<NetworkSegment>();
        List<Node> nodes = [];
        Value input = network.Graph.Input;
        Open(input);
        foreach (Node node in network.Graph.Nodes.Where(needed.Contains))
        {
            nodes.Add(node);
            foreach (Value read in node.Inputs.Distinct())
                if (--open[read] == 0) open.Remove(read);
            Open(node.Output);
            if (open.Count > 1 || !open.ContainsKey(node.Output)) continue;
            Add(segments, new(input, node.Output, [.. nodes]));
            input = node.Output;
            nodes.Clear();
        }
        return segments.Count > most ? Merge(segments) : segments;

        void Open(Value value) =>
            open[value] = value.Consumers.Count(needed.Contains) + (value == network.Output ? 1 : 0);
    }

    /// <summary>Adds a segment; one that only changes values in place, or their order, belongs to the one before.</summary>
    private static void Add(List<NetworkSegment> segments, NetworkSegment next)
    {
        if (next.Nodes is not [var node])
        {
            segments.Add(next);
            return;
        }
        bool isWorth = node.Operator is Conv2d or Linear or Pool2d || (node.Operator is not Flatten
            && (node.MultiplyAdds > 0 || node.Operator.WindowOf(node.InputShapes) != InputWindow.Pixel));
        if (isWorth || segments.Count == 0) segments.Add(next with { Layer = node });
        else segments[^1] = segments[^1] with { Output = next.Output, Followers = [.. segments[^1].Followers, node] };
    }

    /// <summary>Makes one of modules one after another whose maps have the same size.</summary>
    private static List<NetworkSegment> Merge(List<NetworkSegment> segments)
    {
        var merged = new List<NetworkSegment>();
        foreach (NetworkSegment segment in segments)
        {
            if (segment.Layer is null && merged is [.., { Layer: null } last] && last.Shape.Height == segment.Shape.Height
                && last.Shape.Width == segment.Shape.Width)
                merged[^1] = new(last.Input, segment.Output, [.. last.Nodes, .. segment.Nodes]) { Times = last.Times + 1 };
            else merged.Add(segment);
        }
        return merged;
    }
}
