using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Copies on a stream of its own, so that they run beside the kernels of the context's stream.</summary>
internal sealed unsafe class CudaUploadLane(CudaContext context) : UploadLane
{
    private readonly CudaQueue _stream = new(context, "uploads");

    public override void Move(DeviceMemory source, long from, DeviceMemory target, long to, long bytes)
    {
        context.Enter();
        context.Check(
            context.Api.CopyOnDeviceAsync(target.Handle + (nint)to, source.Handle + (nint)from, (nuint)bytes, context.Stream),
            "cuMemcpyDtoDAsync_v2");
    }

    public override void Finish()
    {
        context.Enter();
        context.Check(context.Api.StreamSynchronize(_stream.Handle), "cuStreamSynchronize");
    }

    public override void Dispose()
    {
        // Waits for copies, before their arrays are unpinned.
        _stream.Dispose();
        base.Dispose();
    }

    protected override IDisposable? PinArray(float[] array) => CudaPin.Try(context, array);

    protected override void Copy(ReadOnlySpan<float> source, DeviceMemory target, long offset)
    {
        context.Enter();
        fixed (float* first = source)
        {
            context.Check(
                context.Api.CopyToDeviceAsync(target.Handle + (nint)offset, first, (nuint)source.Length * sizeof(float), _stream.Handle),
                "cuMemcpyHtoDAsync_v2");
        }
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
