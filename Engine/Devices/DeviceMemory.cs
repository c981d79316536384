using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices;

/// <summary>A run of memory of a device. Has one owner, who disposes of it.</summary>
internal abstract class DeviceMemory : IDisposable
{
    public abstract long Bytes { get; }

    /// <summary>What a view of it names: an address or a handle.</summary>
    public abstract nint Handle { get; }

    /// <summary>A part of it, as kernels are given it.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="count">Elements.</param>
    public virtual View<T> View<T>(long offset, int count) where T : unmanaged => new(Handle, (nint)offset, count);

    /// <summary>Copies from the host, behind what was launched before; <paramref name="source"/> may be changed afterwards.</summary>
    /// <param name="offset">In bytes.</param>
    public void Write<T>(ReadOnlySpan<T> source, long offset = 0) where T : unmanaged => WriteBytes(MemoryMarshal.AsBytes(source), offset);

    /// <summary>Copies to the host, when all that was launched before has run.</summary>
    /// <param name="offset">In bytes.</param>
    public void Read<T>(Span<T> target, long offset = 0) where T : unmanaged => ReadBytes(MemoryMarshal.AsBytes(target), offset);

    public abstract void Dispose();

    protected abstract void WriteBytes(ReadOnlySpan<byte> source, long offset);

    protected abstract void ReadBytes(Span<byte> target, long offset);
}
