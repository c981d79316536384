namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Adds floats of all ranks while the caller goes on: values[i] becomes the sum of values[i] over the ranks, added in their order in
/// float64 and rounded once. The result is the same on all ranks, bit for bit. Ranks begin their sums in the same order. Used again and
/// again; a use allocates nothing.
/// </summary>
public abstract class RankSum : IDisposable
{
    /// <summary>When the last sum began and ended, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public (long Began, long Ended) Times { get; protected set; }

    /// <summary>Begins a sum in place.</summary>
    /// <param name="values">The floats; they are not touched by others until <see cref="Wait"/> returns.</param>
    /// <param name="isReady">
    /// Whether the values are there; asked from another thread until it says so. Null where they are there already.
    /// </param>
    public abstract unsafe void Begin(float* values, Func<bool>? isReady = null);

    /// <summary>Whether <see cref="Wait"/> would return at once.</summary>
    public abstract bool IsDone { get; }

    /// <summary>Waits until the sum is there.</summary>
    /// <exception cref="GpuCnnException">The exchange failed.</exception>
    public abstract void Wait();

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
