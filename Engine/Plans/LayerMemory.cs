using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>
/// Bytes of a plan's arena that a layer uses, with what is fused into it. Layers whose buffers do not live at the same time share memory,
/// so the arena is smaller than the sum.
/// </summary>
/// <param name="Activations">Bytes that the forward pass writes for later steps: the output, and what the backward pass needs.</param>
/// <param name="Gradients">Bytes that the backward pass writes first, for later steps: the gradients of the inputs.</param>
/// <param name="Scratch">Bytes that only the layer's own steps use.</param>
public sealed record LayerMemory(Node Node, long Activations, long Gradients, long Scratch)
{
    /// <summary>Adds up what the steps of each layer write, in order of execution.</summary>
    internal static IReadOnlyList<LayerMemory> Of(IReadOnlyList<PlanPart> parts, IReadOnlyList<PlanStep> steps)
    {
        var rows = new Dictionary<PlanNode, LayerMemory>();
        var written = new HashSet<PlanBuffer>();
        foreach (IGrouping<(PlanNode? Node, bool IsForward), PlanPart> group in
            parts.GroupBy(part => (part.Node, part.Pass == StepPass.Forward)))
        {
            // Slices of one buffer are written by several layers, each its own channels.
            var own = new Dictionary<PlanBuffer, long>();
            foreach (MemoryUse use in group.SelectMany(part => steps.Skip(part.First).Take(part.End - part.First))
                .SelectMany(step => step.Uses))
            {
                if (use is { Memory: PlanBuffer buffer } && use.Access.HasFlag(Access.Write))
                    own[buffer] = Math.Max(own.GetValueOrDefault(buffer), use.Bytes);
            }
            if (group.Key.Node is { } node)
            {
                LayerMemory row = rows.GetValueOrDefault(node, new(node.Node, 0, 0, 0));
                foreach ((PlanBuffer buffer, long bytes) in own)
                {
                    bool isScratch = !buffer.IsPersistent
                        && group.Any(part => part.First <= buffer.FirstStep) && group.Any(part => buffer.LastStep < part.End);
                    if (isScratch) row = row with { Scratch = row.Scratch + bytes };
                    else if (group.Key.IsForward) row = row with { Activations = row.Activations + bytes };
                    else if (!written.Contains(buffer)) row = row with { Gradients = row.Gradients + bytes };
                }
                rows[node] = row;
            }
            written.UnionWith(own.Keys);
        }
        return [.. rows.Values];
    }
}
