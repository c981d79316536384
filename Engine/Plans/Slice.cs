using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>Where a value is stored that is a run of channels of a wider one: the output of a branch, in the concatenation of all.</summary>
/// <param name="Whole">A value with storage of its own.</param>
/// <param name="FirstChannel">The value's first channel in it.</param>
internal sealed record Slice(Value Whole, int FirstChannel)
{
    /// <summary>
    /// The inputs of concatenations that can be written, and whose gradients can be read, where they lie in the whole: nothing but the concatenation reads them, and their operators can. What
    /// is not here is copied.
    /// </summary>
    /// <param name="fits">Whether a device can store the slice of so many channels in a volume of so many.</param>
    public static IReadOnlyDictionary<Value, Slice> Find(IReadOnlyList<PlanNode> nodes, IReadOnlyList<Value> outputs, Func<Slice, int, bool> fits)
    {
        var slices = new Dictionary<Value, Slice>();
        var producers = nodes.ToDictionary(node => node.Output);
        HashSet<Node> needed = Graph.Leading(outputs);
        // From the last to the first: where a concatenation is itself a branch, the whole is known before its parts are looked at.
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
                bool isReadOnce = !outputs.Contains(input) && input.Consumers.All(reader => reader == concat || !needed.Contains(reader)) && concat.Inputs.Count(other => other == input) == 1;
                if (isOwn && isReadOnce && fits(slice, input.Shape.Channels)) slices.Add(input, slice);
            }
        }
        return slices;
    }
}
