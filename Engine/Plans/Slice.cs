using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>Storage of a value as a range of channels of a wider value: a branch's output, inside the concatenation.</summary>
/// <param name="Whole">A value with its own storage.</param>
/// <param name="FirstChannel">The value's first channel in <paramref name="Whole"/>.</param>
internal sealed record Slice(Value Whole, int FirstChannel)
{
    /// <summary>
    /// Finds the inputs of concatenations that can be written, and whose gradients can be read, at their place in the whole: only the
    /// concatenation reads them, and their operators support it. Other inputs are copied.
    /// </summary>
    /// <param name="fits">Whether a device can store a slice with a number of channels.</param>
    public static IReadOnlyDictionary<Value, Slice> Find(
        IReadOnlyList<PlanNode> nodes, IReadOnlyList<Value> outputs, Func<Slice, int, bool> fits)
    {
        var slices = new Dictionary<Value, Slice>();
        var producers = nodes.ToDictionary(node => node.Output);
        HashSet<Node> needed = Graph.Leading(outputs);
        // Last to first: if a concatenation is itself a branch, the whole is known before its parts.
        foreach (Node concat in nodes.Reverse().Select(node => node.Node).Where(node => node.Operator.IsConcatenation))
        {
            Slice whole = slices.GetValueOrDefault(concat.Output, new(concat.Output, 0));
            int first = whole.FirstChannel;
            foreach (Value input in concat.Inputs)
            {
                Slice slice = whole with { FirstChannel = first };
                first += input.Shape.Channels;
                bool isOwn = producers.TryGetValue(input, out PlanNode? producer) && producer.Node.Operator.WritesSlices
                    && producer.Addend is null;
                bool isReadOnce = !outputs.Contains(input)
                    && input.Consumers.All(reader => reader == concat || !needed.Contains(reader))
                    && concat.Inputs.Count(other => other == input) == 1;
                if (isOwn && isReadOnce && fits(slice, input.Shape.Channels)) slices.Add(input, slice);
            }
        }
        return slices;
    }
}
