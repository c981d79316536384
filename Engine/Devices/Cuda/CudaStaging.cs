namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Pinned host memory, so that copies run beside computation; the handle is its address.</summary>
internal sealed unsafe class CudaStaging : CudaObject
{
    /// <summary>Pinned for every context of the process.</summary>
    private const uint Portable = 1;

    internal CudaStaging(CudaContext context, long bytes, string what) : base(context, Create(context, bytes, what), what) => Bytes = bytes;

    public long Bytes { get; }

    /// <summary>Returns the memory as elements. Do not access them while a copy from or to the memory may run.</summary>
    /// <param name="offset">In bytes.</param>
    public Span<T> Elements<T>(int count, long offset = 0) where T : unmanaged => new(At(offset, (long)count * sizeof(T)), count);

    internal void* At(long offset, long bytes) => offset >= 0 && bytes >= 0 && bytes <= Bytes - offset
        ? (byte*)Handle + offset
        : throw new ArgumentOutOfRangeException(
            nameof(offset), $"Staging memory '{Name}' has {Bytes} bytes, but {bytes} bytes at {offset} were requested.");

    protected override void Release(nint handle)
    {
        // Wait for queued copies.
        _ = Api.StreamSynchronize(Context.Stream);
        _ = Api.MemFreeHost((void*)handle);
    }

    private static nint Create(CudaContext context, long bytes, string what)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        context.Enter();
        void* address;
        int code = context.Api.MemHostAlloc(&address, (nuint)Math.Max(1, bytes), Portable);
        if (code == CudaCodes.OutOfMemory)
        {
            throw new GpuCnnException(
                $"The system refused {CudaErrors.MiB(bytes)} of pinned memory for {what}: "
                + $"cuMemHostAlloc gave {context.Api.Describe(code)}. Use a smaller batch, or end other programs.");
        }
        context.Check(code, "cuMemHostAlloc");
        return (nint)address;
    }
}
