namespace GpuCnn.Data;

/// <summary>Bytes that the caches of a run may fill together. Safe to use from several threads.</summary>
/// <param name="bytes">All of them.</param>
public sealed class CacheBudget(long bytes)
{
    /// <summary>What a run takes unless it is told otherwise.</summary>
    public const long Default = 1L << 30;

    private long _taken;

    public long Bytes { get; } = bytes;

    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Takes room, where there is enough.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= Bytes) return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
