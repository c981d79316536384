using GpuCnn.Engine.Devices.Gpu;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>
/// Device memory, zeroed on creation. A part of it is a byte offset and a length, not another buffer: a kernel takes the whole buffer and
/// an element offset, so offsets need only the element's alignment. An arena larger than the device's largest allocation is several
/// buffers.
/// </summary>
internal sealed unsafe class OpenClBuffer : OpenClObject
{
    private const ulong ReadWrite = 1;

    /// <summary>Sizes are rounded up to the widest fill pattern, so that clearing takes one command.</summary>
    private const int Granule = 16;

    internal OpenClBuffer(OpenClContext context, long bytes, string what) : base(context, Create(context, bytes, what), what) =>
        Bytes = bytes;

    public long Bytes { get; }

    /// <summary>
    /// Copies from the host after earlier commands, and waits unless the values are few. <paramref name="source"/> may change afterwards.
    /// </summary>
    /// <param name="offset">In bytes.</param>
    public void Write<T>(ReadOnlySpan<T> source, long offset = 0) where T : unmanaged
    {
        nuint bytes = Range(offset, (long)source.Length * sizeof(T));
        if (bytes == 0) return;
        fixed (T* first = source)
        {
            if (bytes <= SmallValueRing.MostBytes)
            {
                Context.SmallWrites.Write(Handle, first, (int)bytes, offset);
                return;
            }
            Context.Check(
                Api.EnqueueWriteBuffer(Context.Queue, Handle, OpenClApi.True, (nuint)offset, bytes, first, 0, null, null),
                "clEnqueueWriteBuffer");
        }
    }

    /// <summary>Copies to the host after earlier commands, and waits.</summary>
    /// <param name="offset">In bytes.</param>
    public void Read<T>(Span<T> destination, long offset = 0) where T : unmanaged
    {
        nuint bytes = Range(offset, (long)destination.Length * sizeof(T));
        if (bytes == 0) return;
        IReadOnlyList<OpenClProgram> launched = Context.Programs.TakeLaunched();
        fixed (T* first = destination)
            Context.Check(
                Api.EnqueueReadBuffer(Context.Queue, Handle, OpenClApi.True, (nuint)offset, bytes, first, 0, null, null),
                "clEnqueueReadBuffer");
        Context.Programs.Save(launched);
    }

    /// <summary>Queues a copy from the host. <paramref name="source"/> must not change until it has run.</summary>
    /// <param name="sourceOffset">In bytes.</param>
    /// <param name="offset">In bytes.</param>
    public void BeginWrite(OpenClStaging source, long sourceOffset, long bytes, long offset = 0)
    {
        void* address = source.At(sourceOffset, bytes);
        nuint count = Range(offset, bytes);
        if (count == 0) return;
        Context.Check(
            Api.EnqueueWriteBuffer(Context.Queue, Handle, 0, (nuint)offset, count, address, 0, null, null), "clEnqueueWriteBuffer");
    }

    /// <summary>Queues a copy to the host. <paramref name="destination"/> is valid once it has run.</summary>
    /// <param name="destinationOffset">In bytes.</param>
    /// <param name="offset">In bytes.</param>
    public void BeginRead(OpenClStaging destination, long destinationOffset, long bytes, long offset = 0)
    {
        void* address = destination.At(destinationOffset, bytes);
        nuint count = Range(offset, bytes);
        if (count == 0) return;
        Context.Check(Api.EnqueueReadBuffer(Context.Queue, Handle, 0, (nuint)offset, count, address, 0, null, null), "clEnqueueReadBuffer");
    }

    /// <summary>Queues a copy within the device. Parts of the same buffer must not overlap.</summary>
    /// <param name="offset">In bytes, in this buffer.</param>
    /// <param name="destinationOffset">In bytes.</param>
    public void CopyTo(OpenClBuffer destination, long bytes, long offset = 0, long destinationOffset = 0)
    {
        // A driver would report an invalid context, which elsewhere means a lost device.
        if (destination.Context != Context)
            throw new ArgumentException($"Buffer '{destination.Name}' belongs to another context.", nameof(destination));
        nuint count = Range(offset, bytes);
        _ = destination.Range(destinationOffset, bytes);
        if (count == 0) return;
        Context.Check(
            Api.EnqueueCopyBuffer(Context.Queue, Handle, destination.Handle, (nuint)offset, (nuint)destinationOffset, count, 0, null, null),
            "clEnqueueCopyBuffer");
    }

    /// <summary>Queues a command that sets a part to zero.</summary>
    /// <param name="offset">In bytes.</param>
    public void Clear(long offset, long bytes)
    {
        nuint count = Range(offset, bytes);
        if (count == 0) return;
        Context.Check(Fill(Context, Handle, (nuint)offset, count), "clEnqueueFillBuffer");
    }

    protected override void Release(nint handle)
    {
        _ = Api.ReleaseMemObject(handle);
        Context.Release(Capacity(Bytes));
    }

    public override string ToString() => $"{base.ToString()} ({Bytes} bytes)";

    private static long Capacity(long bytes) => Math.Max(1, (bytes + Granule - 1) / Granule) * Granule;

    private static nint Create(OpenClContext context, long bytes, string what)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        long capacity = Capacity(bytes);
        context.Reserve(capacity, what);
        int code;
        string call = "clCreateBuffer";
        nint handle = context.Api.CreateBuffer(context.Handle, ReadWrite, (nuint)capacity, null, &code);
        if (code == OpenClApi.Success)
        {
            // Many drivers allocate memory only now, on first use.
            call = "clEnqueueFillBuffer";
            code = Fill(context, handle, 0, (nuint)capacity);
            if (code == OpenClApi.Success) return handle;
            _ = context.Api.ReleaseMemObject(handle);
        }
        context.Release(capacity);
        throw code is OpenClCodes.MemoryAllocationFailure or OpenClCodes.OutOfResources or OpenClCodes.OutOfHostMemory
            or OpenClCodes.InvalidBufferSize
            ? context.Refused(capacity, what, call, code)
            : context.Failure(code, call);
    }

    private static int Fill(OpenClContext context, nint buffer, nuint offset, nuint bytes)
    {
        // Offset and length must be multiples of the pattern's length.
        nuint width = (offset | bytes) % Granule == 0 ? Granule : (offset | bytes) % 4 == 0 ? 4u : 1u;
        byte* zeros = stackalloc byte[Granule];
        return context.Api.EnqueueFillBuffer(context.Queue, buffer, zeros, width, offset, bytes, 0, null, null);
    }

    private nuint Range(long offset, long bytes) => offset >= 0 && bytes >= 0 && bytes <= Bytes - offset
        ? (nuint)bytes
        : throw new ArgumentOutOfRangeException(
            nameof(offset), $"Buffer '{Name}' has {Bytes} bytes, but {bytes} bytes at {offset} were requested.");
}
