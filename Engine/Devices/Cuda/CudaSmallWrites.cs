using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Copies small values to the device without waiting: through pinned memory, whose parts are used in turn. A copy from ordinary memory
/// would have to be waited for. Thread-safe.
/// </summary>
internal sealed unsafe class CudaSmallWrites(CudaContext context) : ISmallValueMarks, IDisposable
{
    private readonly Lock _gate = new();
    private readonly CudaEvent?[] _read = new CudaEvent?[SmallValueRing.Halves];
    private CudaStaging? _memory;
    private SmallValueRing _ring;

    /// <summary>Queues a copy after earlier commands; the source may change afterwards.</summary>
    /// <param name="target">Address on the device, which has the place.</param>
    /// <param name="bytes">At most <see cref="SmallValueRing.MostBytes"/>.</param>
    public void Write(nint target, void* source, int bytes)
    {
        lock (_gate)
        {
            if (_memory is null)
            {
                _memory = context.AllocateStaging(SmallValueRing.Bytes, "small values");
                for (int half = 0; half < _read.Length; half++) _read[half] = context.Mark();
                // They belong to the context, which is not to report them as forgotten.
                context.Forget(_memory);
                foreach (CudaEvent? read in _read) context.Forget(read!);
            }
            int place = _ring.Take(bytes, this);
            new ReadOnlySpan<byte>(source, bytes).CopyTo(_memory.Elements<byte>(bytes, place));
            context.Enter();
            context.Check(
                context.Api.CopyToDeviceAsync(target, _memory.At(place, bytes), (nuint)bytes, context.Stream), "cuMemcpyHtoDAsync_v2");
        }
    }

    void ISmallValueMarks.Mark(int half) => _read[half]!.Record(context.Stream);

    void ISmallValueMarks.Wait(int half)
    {
        if (!_read[half]!.IsComplete) _read[half]!.Wait();
    }

    public void Dispose()
    {
        _memory?.Dispose();
        foreach (CudaEvent? read in _read) read?.Dispose();
    }
}
