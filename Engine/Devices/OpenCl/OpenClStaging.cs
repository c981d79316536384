namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Host memory, pinned if the driver can, so that copies run beside computation. It is a mapped buffer, OpenCL's only way to pinned memory.
/// </summary>
internal sealed unsafe class OpenClStaging : OpenClObject
{
    private const ulong ReadWrite = 1;
    private const ulong AllocateHostMemory = 16;
    private const ulong MapReadWrite = 3;

    private readonly void* _address;

    internal OpenClStaging(OpenClContext context, long bytes, string what) : base(context, Create(context, bytes, what), what)
    {
        Bytes = bytes;
        int code;
        nuint length = (nuint)Math.Max(1, bytes);
        _address = Api.EnqueueMapBuffer(context.Queue, Handle, OpenClApi.True, MapReadWrite, 0, length, 0, null, null, &code);
        if (code == OpenClApi.Success) return;
        Dispose();
        throw context.Failure(code, "clEnqueueMapBuffer");
    }

    public long Bytes { get; }

    /// <summary>Returns the memory as elements. Do not access them while a copy from or to the memory may run.</summary>
    /// <param name="offset">In bytes.</param>
    public Span<T> Elements<T>(int count, long offset = 0) where T : unmanaged => new(At(offset, (long)count * sizeof(T)), count);

    internal void* At(long offset, long bytes)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return offset >= 0 && bytes >= 0 && bytes <= Bytes - offset
            ? (byte*)_address + offset
            : throw new ArgumentOutOfRangeException(
                nameof(offset), $"Staging memory '{Name}' has {Bytes} bytes, but {bytes} bytes at {offset} were requested.");
    }

    protected override void Release(nint handle)
    {
        // Queued after the copies; the driver keeps the memory until then.
        if (_address is not null) _ = Api.EnqueueUnmapMemObject(Context.Queue, handle, _address, 0, null, null);
        _ = Api.ReleaseMemObject(handle);
    }

    private static nint Create(OpenClContext context, long bytes, string what)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        int code;
        nint handle = context.Api.CreateBuffer(context.Handle, ReadWrite | AllocateHostMemory, (nuint)Math.Max(1, bytes), null, &code);
        return code switch
        {
            OpenClApi.Success => handle,
            OpenClCodes.MemoryAllocationFailure or OpenClCodes.OutOfResources or OpenClCodes.OutOfHostMemory
                or OpenClCodes.InvalidBufferSize =>
                throw context.Refused(bytes, what, "clCreateBuffer", code),
            _ => throw context.Failure(code, "clCreateBuffer"),
        };
    }
}
