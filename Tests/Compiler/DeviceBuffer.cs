using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler;

/// <summary>Memory of this process that kernels receive as a view.</summary>
internal abstract unsafe class DeviceBuffer(int bytes) : IDisposable
{
    public nint Address { get; private set; } = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), 64);

    public int Bytes { get; } = bytes;

    public Span<byte> Bits => new((void*)Address, Bytes);

    public void Dispose()
    {
        NativeMemory.AlignedFree((void*)Address);
        Address = 0;
    }
}

internal sealed unsafe class DeviceBuffer<T> : DeviceBuffer where T : unmanaged
{
    public DeviceBuffer(ReadOnlySpan<T> values) : base(values.Length * sizeof(T))
    {
        Length = values.Length;
        values.CopyTo(Span);
    }

    public int Length { get; }

    public Span<T> Span => new((void*)Address, Length);

    public static implicit operator View<T>(DeviceBuffer<T> buffer) => new(buffer.Address, 0, buffer.Length);

    public static implicit operator ReadOnlyView<T>(DeviceBuffer<T> buffer) => new(buffer.Address, 0, buffer.Length);
}
