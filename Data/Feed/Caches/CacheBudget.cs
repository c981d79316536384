namespace GpuCnn.Data;

/// <summary>The bytes that all caches of a run may use together. Safe to use from several threads.</summary>
/// <param name="bytes">Total number of bytes.</param>
public sealed class CacheBudget(long bytes)
{
    /// <summary>A run's default.</summary>
    public const long Default = 1L << 30;

    private long _taken;

    public long Bytes { get; } = bytes;

    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Reserves bytes, if enough are left.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= Bytes) return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
