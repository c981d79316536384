using System.Runtime.CompilerServices;
using ILGPU;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// Contiguous elements in a device's memory that a kernel reads and writes. <see cref="Memory"/> is an address or a handle, as the device
/// decides. C# can access the elements only if it is an address of this process, and every access is checked.
/// </summary>
public readonly unsafe struct View<T> where T : unmanaged
{
    // Plain integers, because a struct passed to OpenCL must hold no pointers.
    private readonly long _memory, _offset;

    /// <param name="memory">Address or handle of an allocation.</param>
    /// <param name="offset">Offset in bytes of the first element.</param>
    /// <param name="length">Number of elements.</param>
    public View(nint memory, nint offset, int length) : this(memory, offset, length, default) { }

    /// <param name="memory">Address or handle of an allocation.</param>
    /// <param name="offset">Offset in bytes of the first element.</param>
    /// <param name="length">Number of elements.</param>
    /// <param name="elements">The same elements as an ILGPU view, if ILGPU owns the memory.</param>
    public View(nint memory, nint offset, int length, ArrayView<T> elements) : this((long)memory, offset, length, elements) { }

    // Used in kernels that ILGPU compiles, because ILGPU has no native integers.
    internal View(long memory, long offset, int length, ArrayView<T> elements)
    {
        _memory = memory;
        _offset = offset;
        Length = length;
        Elements = elements;
    }

    public nint Memory => (nint)_memory;

    internal long Address => _memory + _offset;

    public nint Offset => (nint)_offset;

    public int Length { get; }

    /// <summary>The elements as an ILGPU view; empty on other devices.</summary>
    public ArrayView<T> Elements { get; }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (KernelTarget.IsIlgpu) return ref Elements[index];
            if ((uint)index >= (uint)Length) KernelFaultException.ThrowOutOfRange(index, Length);
            long address = Address + (long)index * sizeof(T);
            AccessWatch.Visit(address, sizeof(T));
            return ref *(T*)address;
        }
    }

    /// <summary>Takes the elements from <paramref name="start"/> on.</summary>
    public View<T> Slice(int start) => Slice(start, Length - start);

    /// <summary>Takes <paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    public View<T> Slice(int start, int length)
    {
        if ((uint)start > (uint)Length) KernelFaultException.ThrowOutOfRange(start, Length);
        if ((uint)length > (uint)(Length - start)) KernelFaultException.ThrowOutOfRange(start + length, Length);
        return new(_memory, _offset + (long)start * sizeof(T), length, IlgpuViews.Slice(Elements, start, length));
    }

    internal ReadOnlyView<T> AsReadOnly() => new(_memory, _offset, Length, Elements);
}

/// <summary>Contiguous elements in a device's memory that a kernel only reads. See <see cref="View{T}"/>.</summary>
public readonly unsafe struct ReadOnlyView<T> where T : unmanaged
{
    private readonly long _memory, _offset;

    /// <param name="memory">Address or handle of an allocation.</param>
    /// <param name="offset">Offset in bytes of the first element.</param>
    /// <param name="length">Number of elements.</param>
    public ReadOnlyView(nint memory, nint offset, int length) : this(memory, offset, length, default) { }

    /// <param name="memory">Address or handle of an allocation.</param>
    /// <param name="offset">Offset in bytes of the first element.</param>
    /// <param name="length">Number of elements.</param>
    /// <param name="elements">The same elements as an ILGPU view, if ILGPU owns the memory.</param>
    public ReadOnlyView(nint memory, nint offset, int length, ArrayView<T> elements) : this((long)memory, offset, length, elements) { }

    // Used in kernels that ILGPU compiles, because ILGPU has no native integers.
    internal ReadOnlyView(long memory, long offset, int length, ArrayView<T> elements)
    {
        _memory = memory;
        _offset = offset;
        Length = length;
        Elements = elements;
    }

    public nint Memory => (nint)_memory;

    internal long Address => _memory + _offset;

    public nint Offset => (nint)_offset;

    public int Length { get; }

    /// <summary>The elements as an ILGPU view; empty on other devices.</summary>
    public ArrayView<T> Elements { get; }

    public T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (KernelTarget.IsIlgpu) return Elements[index];
            if ((uint)index >= (uint)Length) KernelFaultException.ThrowOutOfRange(index, Length);
            return *(T*)(Address + (long)index * sizeof(T));
        }
    }

    /// <summary>Takes the elements from <paramref name="start"/> on.</summary>
    public ReadOnlyView<T> Slice(int start) => Slice(start, Length - start);

    /// <summary>Takes <paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    public ReadOnlyView<T> Slice(int start, int length)
    {
        if ((uint)start > (uint)Length) KernelFaultException.ThrowOutOfRange(start, Length);
        if ((uint)length > (uint)(Length - start)) KernelFaultException.ThrowOutOfRange(start + length, Length);
        return new(_memory, _offset + (long)start * sizeof(T), length, IlgpuViews.Slice(Elements, start, length));
    }

    public static implicit operator ReadOnlyView<T>(View<T> view) => view.AsReadOnly();
}
