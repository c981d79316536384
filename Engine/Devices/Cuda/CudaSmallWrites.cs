namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Copies small values to the device without waiting: through pinned memory, whose parts are used in turn. A copy from ordinary memory
/// would have to be waited for. Thread-safe.
/// </summary>
internal sealed unsafe class CudaSmallWrites(CudaContext context) : IDisposable
{
    /// <summary>Larger values are not worth the second copy.</summary>
    public const int MostBytes = 16 << 10;

    private const int RingBytes = 256 << 10, Granule = 16;

    private readonly Lock _gate = new();
    private CudaStaging? _ring;
    private int _used;

    /// <summary>Queues a copy after earlier commands; the source may change afterwards.</summary>
    /// <param name="bytes">At most <see cref="MostBytes"/>.</param>
    /// <param name="offset">In the target, in bytes.</param>
    public void Write(CudaBuffer target, void* source, int bytes, long offset)
    {
        lock (_gate)
        {
            if (_ring is null)
            {
                _ring = context.AllocateStaging(RingBytes, "small values");
                // It belongs to the context, which is not to report it as forgotten.
                context.Forget(_ring);
            }
            if (_used + bytes > RingBytes)
            {
                // The first copies may still have to run.
                context.Finish();
                _used = 0;
            }
            new ReadOnlySpan<byte>(source, bytes).CopyTo(_ring.Elements<byte>(bytes, _used));
            target.BeginWrite(_ring, _used, bytes, offset);
            _used += (bytes + Granule - 1) / Granule * Granule;
        }
    }

    public void Dispose() => _ring?.Dispose();
}
