using ILGPU;
using ILGPU.Runtime;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// Copies small values to the device without waiting: through page-locked memory, whose parts are used in turn. Thread-safe.
/// </summary>
internal sealed class IlgpuSmallWrites(IlgpuDevice device) : IDisposable
{
    /// <summary>Larger values are not worth the second copy.</summary>
    public const int MostBytes = 16 << 10;

    private const int RingBytes = 256 << 10, Granule = 16;

    private readonly Lock _gate = new();
    private PageLockedArray1D<byte>? _ring;
    private int _used;

    /// <summary>Queues a copy after earlier commands; the source may change afterwards.</summary>
    /// <param name="source">At most <see cref="MostBytes"/>.</param>
    /// <exception cref="AcceleratorException">The driver refuses the copy.</exception>
    public unsafe void Write(ReadOnlySpan<byte> source, ArrayView<byte> target)
    {
        lock (_gate)
        {
            // ILGPU calls the driver before it makes the device current.
            device.Accelerator.Bind();
            _ring ??= device.Accelerator.AllocatePageLocked1D<byte>(RingBytes);
            if (_used + source.Length > RingBytes)
            {
                // The first copies may still have to run.
                device.Stream.Synchronize();
                _used = 0;
            }
            Span<byte> part = _ring.Span.Slice(_used, source.Length);
            source.CopyTo(part);
            // The memory does not move.
            fixed (byte* first = part)
            {
                byte* address = first;
                target.CopyFromCPUUnsafeAsync(device.Stream, ref *address, source.Length);
            }
            _used += (source.Length + Granule - 1) / Granule * Granule;
        }
    }

    public void Dispose()
    {
        if (_ring is null) return;
        device.Accelerator.Bind();
        _ring.Dispose();
    }
}
