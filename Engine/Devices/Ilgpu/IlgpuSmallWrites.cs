using GpuCnn.Engine.Devices.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// Copies small values to the device without waiting: through page-locked memory, whose parts are used in turn. Thread-safe.
/// </summary>
internal sealed class IlgpuSmallWrites(IlgpuDevice device) : ISmallValueMarks, IDisposable
{
    private readonly Lock _gate = new();
    private PageLockedArray1D<byte>? _memory;
    private SmallValueRing _ring;

    /// <summary>Queues a copy after earlier commands; the source may change afterwards.</summary>
    /// <param name="source">At most <see cref="SmallValueRing.MostBytes"/>.</param>
    public unsafe void Write(ReadOnlySpan<byte> source, ArrayView<byte> target)
    {
        try
        {
            lock (_gate)
            {
                // ILGPU calls the driver before it makes the device current.
                device.Accelerator.Bind();
                _memory ??= device.Accelerator.AllocatePageLocked1D<byte>(SmallValueRing.Bytes);
                Span<byte> part = _memory.Span.Slice(_ring.Take(source.Length, this), source.Length);
                source.CopyTo(part);
                // The memory does not move.
                fixed (byte* first = part)
                {
                    byte* address = first;
                    target.CopyFromCPUUnsafeAsync(device.Stream, ref *address, source.Length);
                }
            }
        }
        catch (AcceleratorException exception)
        {
            throw IlgpuErrors.From(exception, device);
        }
    }

    void ISmallValueMarks.Mark(int half) { }

    void ISmallValueMarks.Wait(int half) => device.Finish();

    public void Dispose()
    {
        if (_memory is null) return;
        device.Accelerator.Bind();
        _memory.Dispose();
    }
}
