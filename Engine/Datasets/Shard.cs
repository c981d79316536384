namespace GpuCnn.Engine.Datasets;

/// <summary>
/// A rank's share of images. A training step's images are cut into as many equal parts as it has batches, and each part into a share for
/// each rank: rank r has those from r n / ranks on. So all ranks together have the images of a run without ranks, in its order.
/// </summary>
/// <param name="Rank">From 0.</param>
/// <param name="Ranks">Number of ranks.</param>
/// <param name="Parts">Batches of a training step.</param>
public sealed record Shard(int Rank, int Ranks, int Parts = 1)
{
    /// <summary>All images.</summary>
    public static Shard Whole { get; } = new(0, 1);

    /// <summary>Returns the first image and the number of the rank's images among <paramref name="count"/>.</summary>
    public (int First, int Count) Of(int count)
    {
        int first = (int)((long)count * Rank / Ranks), end = (int)((long)count * (Rank + 1) / Ranks);
        return (first, end - first);
    }

    /// <summary>Returns the number of the rank's images in a training step.</summary>
    /// <param name="batch">Images of a step over all ranks, a multiple of <see cref="Parts"/>.</param>
    public int CountOfStep(int batch) => Of(batch / Parts).Count * Parts;
}
