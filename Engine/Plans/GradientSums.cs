using GpuCnn.Engine.Distributed;

namespace GpuCnn.Engine.Plans;

/// <summary>Sums the gradients of all ranks, piece by piece, while the backward pass goes on. Made by a backend for its device.</summary>
internal abstract class GradientSums : IDisposable
{
    protected GradientSums(IReadOnlyList<GradientBucket> buckets, Communicator ranks)
    {
        Buckets = buckets;
        Sums = [.. buckets.Select(bucket => ranks.CreateSum(bucket.Count))];
    }

    public IReadOnlyList<GradientBucket> Buckets { get; }

    /// <summary>The sum of each piece.</summary>
    public IReadOnlyList<RankSum> Sums { get; }

    /// <summary>Begins to sum a piece, which the steps run so far complete.</summary>
    public abstract void Begin(int bucket);

    /// <summary>Waits until every piece is summed; steps that run afterwards read the sums.</summary>
    public abstract void Finish();

    public virtual void Dispose()
    {
        foreach (RankSum sum in Sums) sum.Dispose();
    }
}
