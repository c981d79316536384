using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Copies on a stream of its own, so that they run beside the kernels of the context's stream.</summary>
internal sealed unsafe class CudaUploadLane(CudaContext context) : UploadLane
{
    private readonly CudaQueue _stream = new(context, "uploads");
    // Recorded after the launches that read a place, at first after those that clear its memory; and after the copy to it.
    private readonly CudaEvent[] _released = [context.Mark(), context.Mark()], _copied = [context.Mark(), context.Mark()];
    private int _last;

    public override void Hold(int place) => _copied[place].Hold(context.Stream);

    public override void Release(int place) => _released[place].Record(context.Stream);

    public override void Finish()
    {
        if (!_copied[_last].IsComplete) _copied[_last].Wait();
    }

    public override void Dispose()
    {
        // Waits for copies, before their arrays are unpinned.
        _stream.Dispose();
        foreach (CudaEvent point in _released.Concat(_copied)) point.Dispose();
        base.Dispose();
    }

    protected override IDisposable? PinArray(float[] array) => CudaPin.Try(context, array);

    protected override void Copy(int place, ReadOnlySpan<float> source, DeviceMemory target, long offset)
    {
        _released[place].Hold(_stream.Handle);
        fixed (float* first = source)
        {
            context.Check(
                context.Api.CopyToDeviceAsync(target.Handle + (nint)offset, first, (nuint)source.Length * sizeof(float), _stream.Handle),
                "cuMemcpyHtoDAsync_v2");
        }
        _copied[place].Record(_stream.Handle);
        _last = place;
    }
}

/// <summary>A stream beside the context's own.</summary>
internal sealed unsafe class CudaQueue(CudaContext context, string name) : CudaObject(context, Create(context), name)
{
    protected override void Release(nint handle)
    {
        _ = Api.StreamSynchronize(handle);
        _ = Api.StreamDestroy(handle);
    }

    private static nint Create(CudaContext context)
    {
        nint handle;
        context.Enter();
        context.Check(context.Api.StreamCreate(&handle, CudaApi.NonBlockingStream), "cuStreamCreate");
        return handle;
    }
}

/// <summary>A host array whose memory is pinned for the device; the handle is its address.</summary>
internal sealed unsafe class CudaPin : CudaObject
{
    /// <summary>Pinned for every context of the process.</summary>
    private const uint Portable = 1;

    private CudaPin(CudaContext context, nint address) : base(context, address, "pinned images") { }

    /// <summary>Pins an array that the garbage collector does not move; null if the system refuses: copies are slower then.</summary>
    public static CudaPin? Try(CudaContext context, float[] array)
    {
        context.Enter();
        fixed (float* first = array)
        {
            int code = context.Api.MemHostRegister(first, (nuint)array.Length * sizeof(float), Portable);
            return code == CudaApi.Success ? new(context, (nint)first) : null;
        }
    }

    protected override void Release(nint handle) => _ = Api.MemHostUnregister((void*)handle);
}
