using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Device memory, zeroed on creation; the handle is its address. A part of it is a byte offset and a length, not another buffer.
/// </summary>
internal sealed unsafe class CudaBuffer : CudaObject
{
    /// <summary>Sizes are rounded up to the widest access, so that no access crosses the end and no size is zero.</summary>
    private const int Granule = 16;

    internal CudaBuffer(CudaContext context, long bytes, string what) : base(context, Create(context, bytes, what), what)
    {
        Bytes = bytes;
        context.Allocated(this);
    }

    public long Bytes { get; }

    /// <summary>Bytes allocated on the device.</summary>
    public long Capacity => Rounded(Bytes);

    /// <summary>Returns a part as a kernel argument.</summary>
    /// <param name="offset">In bytes.</param>
    public View<T> View<T>(int length, long offset = 0) where T : unmanaged
    {
        _ = Range(offset, (long)length * sizeof(T));
        return new(Handle, (nint)offset, length);
    }

    /// <summary>
    /// Copies from the host after earlier commands, and waits unless the values are few. <paramref name="source"/> may change afterwards.
    /// </summary>
    /// <param name="offset">In bytes.</param>
    public void Write<T>(ReadOnlySpan<T> source, long offset = 0) where T : unmanaged
    {
        nuint bytes = Range(offset, (long)source.Length * sizeof(T));
        if (bytes == 0) return;
        Context.Enter();
        fixed (T* first = source)
        {
            if (bytes <= SmallValueRing.MostBytes)
            {
                Context.SmallWrites.Write(Handle + (nint)offset, first, (int)bytes);
                return;
            }
            Context.Check(Api.CopyToDeviceAsync(At(offset), first, bytes, Context.Stream), "cuMemcpyHtoDAsync_v2");
            Context.Check(Api.StreamSynchronize(Context.Stream), "cuStreamSynchronize");
        }
    }

    /// <summary>Copies to the host after earlier commands, and waits.</summary>
    /// <param name="offset">In bytes.</param>
    public void Read<T>(Span<T> destination, long offset = 0) where T : unmanaged
    {
        nuint bytes = Range(offset, (long)destination.Length * sizeof(T));
        if (bytes == 0) return;
        Context.Enter();
        fixed (T* first = destination)
        {
            Context.Check(Api.CopyToHostAsync(first, At(offset), bytes, Context.Stream), "cuMemcpyDtoHAsync_v2");
            Context.Check(Api.StreamSynchronize(Context.Stream), "cuStreamSynchronize");
        }
    }

    /// <summary>Queues a copy from the host. <paramref name="source"/> must not change until it has run.</summary>
    /// <param name="sourceOffset">In bytes.</param>
    /// <param name="offset">In bytes.</param>
    public void BeginWrite(CudaStaging source, long sourceOffset, long bytes, long offset = 0)
    {
        void* address = source.At(sourceOffset, bytes);
        nuint count = Range(offset, bytes);
        if (count == 0) return;
        Context.Enter();
        Context.Check(Api.CopyToDeviceAsync(At(offset), address, count, Context.Stream), "cuMemcpyHtoDAsync_v2");
    }

    /// <summary>Queues a copy to the host. <paramref name="destination"/> is valid once it has run.</summary>
    /// <param name="destinationOffset">In bytes.</param>
    /// <param name="offset">In bytes.</param>
    public void BeginRead(CudaStaging destination, long destinationOffset, long bytes, long offset = 0)
    {
        void* address = destination.At(destinationOffset, bytes);
        nuint count = Range(offset, bytes);
        if (count == 0) return;
        Context.Enter();
        Context.Check(Api.CopyToHostAsync(address, At(offset), count, Context.Stream), "cuMemcpyDtoHAsync_v2");
    }

    /// <summary>Queues a copy within the device. Parts of the same buffer must not overlap.</summary>
    /// <param name="offset">In bytes, in this buffer.</param>
    /// <param name="destinationOffset">In bytes.</param>
    public void CopyTo(CudaBuffer destination, long bytes, long offset = 0, long destinationOffset = 0)
    {
        if (destination.Context != Context)
            throw new ArgumentException($"Buffer '{destination.Name}' belongs to another context.", nameof(destination));
        nuint count = Range(offset, bytes);
        _ = destination.Range(destinationOffset, bytes);
        if (count == 0) return;
        Context.Enter();
        Context.Check(Api.CopyOnDeviceAsync(destination.At(destinationOffset), At(offset), count, Context.Stream), "cuMemcpyDtoDAsync_v2");
    }

    /// <summary>Queues a command that sets a part to zero.</summary>
    /// <param name="offset">In bytes.</param>
    public void Clear(long offset, long bytes) => Clear(offset, bytes, Context.Stream);

    /// <summary>Does the same as <see cref="Clear(long, long)"/> on a stream that a <see cref="CudaGraph"/> is recorded from.</summary>
    internal void Clear(long offset, long bytes, nint stream)
    {
        nuint count = Range(offset, bytes);
        if (count == 0) return;
        Context.Enter();
        Context.Check(Api.MemsetAsync(At(offset), 0, count, stream), "cuMemsetD8Async");
    }

    protected override void Release(nint handle)
    {
        // Before the memory is freed: after that, another buffer may have its address.
        Context.Freed(this, handle);
        // Wait for queued commands, which may still use the memory.
        _ = Api.StreamSynchronize(Context.Stream);
        _ = Api.MemFree(handle);
    }

    public override string ToString() => $"{base.ToString()} ({Bytes} bytes)";

    private static long Rounded(long bytes) => Math.Max(1, (bytes + Granule - 1) / Granule) * Granule;

    private static nint Create(CudaContext context, long bytes, string what)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var capacity = (nuint)Rounded(bytes);
        context.Enter();
        nint address;
        int code = context.Api.MemAlloc(&address, capacity);
        if (code != CudaApi.Success) throw context.Refused(bytes, what, "cuMemAlloc_v2", code);
        code = context.Api.MemsetAsync(address, 0, capacity, context.Stream);
        if (code == CudaApi.Success) return address;
        _ = context.Api.MemFree(address);
        throw context.Refused(bytes, what, "cuMemsetD8Async", code);
    }

    private nint At(long offset) => Handle + (nint)offset;

    private nuint Range(long offset, long bytes) => offset >= 0 && bytes >= 0 && bytes <= Bytes - offset
        ? (nuint)bytes
        : throw new ArgumentOutOfRangeException(
            nameof(offset), $"Buffer '{Name}' has {Bytes} bytes, but {bytes} bytes at {offset} were requested.");
}
