using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices;

/// <summary>Memory of a device. Its one owner disposes of it.</summary>
internal abstract class DeviceMemory : IDisposable
{
    public abstract long Bytes { get; }

    /// <summary>Address or handle that views refer to.</summary>
    public abstract nint Handle { get; }

    /// <summary>Returns a part of the memory as a kernel argument.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="count">Elements.</param>
    public virtual View<T> View<T>(long offset, int count) where T : unmanaged => new(Handle, (nint)offset, count);

    /// <summary>Copies from the host, after earlier launches; <paramref name="source"/> may change afterwards.</summary>
    /// <param name="offset">In bytes.</param>
    public void Write<T>(ReadOnlySpan<T> source, long offset = 0) where T : unmanaged =>
        WriteBytes(MemoryMarshal.AsBytes(source), offset);

    /// <summary>Copies to the host, once earlier launches have run.</summary>
    /// <param name="offset">In bytes.</param>
    public void Read<T>(Span<T> target, long offset = 0) where T : unmanaged => ReadBytes(MemoryMarshal.AsBytes(target), offset);

    public abstract void Dispose();

    protected abstract void WriteBytes(ReadOnlySpan<byte> source, long offset);

    protected abstract void ReadBytes(Span<byte> target, long offset);
}
