namespace GpuCnn.Engine.Plans;

/// <summary>A piece of the run of gradients that ranks sum in one go.</summary>
/// <param name="First">Index of its first float.</param>
/// <param name="Count">Floats.</param>
/// <param name="ReadyAt">The number of steps after which it is complete.</param>
internal readonly record struct GradientBucket(long First, int Count, int ReadyAt);

/// <summary>
/// Cuts the gradients into pieces that are complete early, as PyTorch's DistributedDataParallel does (Li et al., 2020,
/// https://arxiv.org/abs/2006.15704): the backward pass begins with the last layers, whose gradients travel while it goes on.
/// </summary>
internal static class GradientBuckets
{
    /// <summary>
    /// Bytes from which on a piece is closed. Smaller ones hide more of the exchange, and pay its latency more often; the best size was
    /// measured to matter little from 1 to 8 MiB.
    /// </summary>
    public const long UsualBytes = 4 << 20;

    /// <summary>Largest piece, so that an exchange counts in 32 bits. A larger tensor is cut.</summary>
    private const int MostFloats = 1 << 26;

    /// <summary>Returns the pieces in the order in which they are complete; together they are all trained gradients, each once.</summary>
    /// <param name="steps">Steps of the plan before the update.</param>
    public static IReadOnlyList<GradientBucket> Of(ParameterOrder order, IEnumerable<PlanStep> steps, long bytes = UsualBytes)
    {
        IReadOnlyList<ParameterRange> tensors = order.Tensors;
        int[] readyAt = ReadyAt(tensors, steps);
        var buckets = new List<GradientBucket>();
        // Storage goes from the first layer to the last, weights before vectors: from its end on, readiness rises within each of both.
        int end = tensors.Count;
        while (end > 0)
        {
            int first = end - 1, ready = readyAt[first];
            long count = tensors[first].Count;
            while (first > 0 && tensors[first - 1].IsVector == tensors[first].IsVector && sizeof(float) * count < bytes)
            {
                first--;
                count += tensors[first].Count;
                ready = Math.Max(ready, readyAt[first]);
            }
            for (long at = tensors[first].First, last = at + count; at < last; at += MostFloats)
                buckets.Add(new(at, (int)Math.Min(MostFloats, last - at), ready));
            end = first;
        }
        return [.. buckets.OrderBy(bucket => bucket.ReadyAt).ThenByDescending(bucket => bucket.First)];
    }

    /// <summary>
    /// Returns for each tensor the number of steps after which nothing uses its gradient any more. A norm's input gradient reads those of
    /// weight and bias, which are summed in place on the CPU.
    /// </summary>
    private static int[] ReadyAt(IReadOnlyList<ParameterRange> tensors, IEnumerable<PlanStep> steps)
    {
        int[] readyAt = new int[tensors.Count];
        int number = 0;
        foreach (PlanStep step in steps)
        {
            number++;
            foreach (MemoryUse use in step.Uses)
            {
                if (use.Memory is not ParameterMemory { Run: ParameterMemory.Gradients } gradient) continue;
                for (int i = 0; i < readyAt.Length; i++)
                    if (tensors[i].First < gradient.First + gradient.Count && gradient.First < tensors[i].First + tensors[i].Count)
                        readyAt[i] = number;
            }
        }
        return readyAt;
    }
}
