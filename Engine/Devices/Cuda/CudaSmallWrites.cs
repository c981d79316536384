using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Copies small values to the device without waiting: through pinned memory, whose parts are used in turn. A copy from ordinary memory
/// would have to be waited for. Thread-safe.
/// </summary>
internal sealed unsafe class CudaSmallWrites(CudaContext context) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Action _finish = context.Finish;
    private CudaStaging? _memory;
    private SmallValueRing _ring;

    /// <summary>Queues a copy after earlier commands; the source may change afterwards.</summary>
    /// <param name="bytes">At most <see cref="SmallValueRing.MostBytes"/>.</param>
    /// <param name="offset">In the target, in bytes.</param>
    public void Write(CudaBuffer target, void* source, int bytes, long offset)
    {
        lock (_gate)
        {
            if (_memory is null)
            {
                _memory = context.AllocateStaging(SmallValueRing.Bytes, "small values");
                // It belongs to the context, which is not to report it as forgotten.
                context.Forget(_memory);
            }
            int place = _ring.Take(bytes, _finish);
            new ReadOnlySpan<byte>(source, bytes).CopyTo(_memory.Elements<byte>(bytes, place));
            target.BeginWrite(_memory, place, bytes, offset);
        }
    }

    public void Dispose() => _memory?.Dispose();
}
