using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Copies small values to the device without waiting: through mapped memory, whose parts are used in turn. Thread-safe.
/// </summary>
internal sealed unsafe class OpenClSmallWrites(OpenClContext context) : ISmallValueMarks, IDisposable
{
    private readonly Lock _gate = new();
    private readonly OpenClPoint[] _read = [new(context, isMarked: false), new(context, isMarked: false)];
    private OpenClStaging? _memory;
    private SmallValueRing _ring;

    /// <summary>Queues a copy after earlier commands; the source may change afterwards.</summary>
    /// <param name="target">The driver's buffer, which has the place.</param>
    /// <param name="bytes">At most <see cref="SmallValueRing.MostBytes"/>.</param>
    /// <param name="offset">In the target, in bytes.</param>
    public void Write(nint target, void* source, int bytes, long offset)
    {
        lock (_gate)
        {
            if (_memory is null)
            {
                _memory = context.AllocateStaging(SmallValueRing.Bytes, "small values");
                // It belongs to the context, which is not to report it as forgotten.
                context.Forget(_memory, _memory.Handle);
            }
            int place = _ring.Take(bytes, this);
            new ReadOnlySpan<byte>(source, bytes).CopyTo(_memory.Elements<byte>(bytes, place));
            context.Check(
                context.Api.EnqueueWriteBuffer(
                    context.Queue, target, 0, (nuint)offset, (nuint)bytes, _memory.At(place, bytes), 0, null, null),
                "clEnqueueWriteBuffer");
        }
    }

    void ISmallValueMarks.Mark(int half) => _read[half].Mark();

    void ISmallValueMarks.Wait(int half) => _read[half].Wait();

    public void Dispose()
    {
        foreach (OpenClPoint point in _read) point.Dispose();
        _memory?.Dispose();
    }
}
