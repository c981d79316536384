namespace GpuCnn.Engine.Plans;

/// <summary>
/// Gives every buffer of a plan an offset in one arena, so that buffers in use at the same step never overlap. Largest first, each at the
/// lowest offset that is free during its lifetime ("greedy by size": Pisarchyk and Lee, 2020, https://arxiv.org/abs/2001.03288).
/// </summary>
internal static class MemoryPlan
{
    /// <summary>Offsets are multiples of this number of bytes.</summary>
    public const int Alignment = 256;

    /// <summary>Assigns the offsets and returns the arena's size in bytes.</summary>
    /// <param name="slab">Bytes of one piece of the arena, a multiple of <see cref="Alignment"/>. No buffer crosses from one piece to the
    /// next.</param>
    public static long Assign(IReadOnlyList<PlanBuffer> buffers, int steps, long slab)
    {
        var placed = new List<PlanBuffer>();
        long total = 0;
        foreach (PlanBuffer buffer in buffers.OrderByDescending(buffer => buffer.Bytes))
        {
            long offset = 0;
            foreach (PlanBuffer other in placed)
            {
                // placed is sorted by offset, so the first gap that is wide enough is the lowest.
                if (!Overlap(buffer, other, steps)) continue;
                if (offset + buffer.Bytes <= other.Offset) break;
                offset = WithinSlab(Math.Max(offset, RoundUp(other.Offset + other.Bytes)), buffer.Bytes, slab);
            }
            buffer.Offset = offset;
            int index = placed.FindIndex(other => other.Offset > offset);
            placed.Insert(index < 0 ? placed.Count : index, buffer);
            total = Math.Max(total, RoundUp(offset + buffer.Bytes));
        }
        return total;
    }

    /// <summary>
    /// Checks that every step reads only buffers that an earlier step has written, that keep their contents or that are uploaded, and that
    /// buffers in use at the same step share no bytes.
    /// </summary>
    /// <exception cref="InvalidOperationException">A step or <see cref="Assign"/> is wrong.</exception>
    public static void Check(IReadOnlyList<PlanBuffer> buffers, IReadOnlyList<PlanStep> steps)
    {
        var written = new HashSet<PlanBuffer>();
        foreach (PlanStep step in steps)
        {
            foreach (MemoryUse use in step.Uses)
            {
                if (use.Memory is PlanBuffer { IsPersistent: false, IsUploaded: false } read && use.Access.HasFlag(Access.Read)
                    && !written.Contains(read))
                    throw new InvalidOperationException($"{step.Name} reads '{read.Name}', which no earlier step has written.");
            }
            foreach (MemoryUse use in step.Uses)
                if (use.Memory is PlanBuffer buffer && use.Access.HasFlag(Access.Write)) written.Add(buffer);
        }
        PlanBuffer[] byOffset = [.. buffers.OrderBy(buffer => buffer.Offset)];
        for (int i = 0; i < byOffset.Length; i++)
        {
            PlanBuffer buffer = byOffset[i];
            for (int j = i + 1; j < byOffset.Length && byOffset[j].Offset < buffer.Offset + buffer.Bytes; j++)
            {
                if (Overlap(buffer, byOffset[j], steps.Count))
                    throw new InvalidOperationException($"'{buffer.Name}' and '{byOffset[j].Name}' live at the same step and share bytes.");
            }
        }
    }

    public static long RoundUp(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    /// <summary>Returns the lowest offset, at least <paramref name="offset"/>, where the bytes do not cross pieces.</summary>
    private static long WithinSlab(long offset, long bytes, long slab) =>
        offset % slab + bytes <= slab ? offset : (offset / slab + 1) * slab;

    private static bool Overlap(PlanBuffer a, PlanBuffer b, int steps)
    {
        (int firstA, int lastA) = Life(a, steps);
        (int firstB, int lastB) = Life(b, steps);
        return firstA <= lastB && firstB <= lastA;
    }

    private static (int First, int Last) Life(PlanBuffer buffer, int steps) =>
        buffer.IsPersistent ? (0, steps) : (buffer.FirstStep, buffer.LastStep);
}
