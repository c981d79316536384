using System.Runtime.CompilerServices;
using ILGPU;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// Values that one thread keeps in registers, allocated by <see cref="Local"/>. Every index must be known when the kernel is compiled,
/// after loops are unrolled, because registers cannot be indexed at run time. ILGPU's devices refuse other kernels.
/// </summary>
public readonly unsafe struct Registers<T> where T : unmanaged
{
    private readonly ArrayView<T> _elements;
    private readonly long _address;

    // Start of a slice. It is added to each index, so that the sum is one constant.
    private readonly int _first;
    private readonly int _length;

    internal Registers(ArrayView<T> elements) : this(elements, 0, 0, 0) { }

    internal Registers(long address, int length) : this(default, address, 0, length) { }

    private Registers(ArrayView<T> elements, long address, int first, int length)
    {
        _elements = elements;
        _address = address;
        _first = first;
        _length = length;
    }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (KernelTarget.IsIlgpu) return ref _elements[_first + index];
            if ((uint)index >= (uint)(_length - _first)) KernelFaultException.ThrowOutOfRange(index, _length - _first);
            long address = _address + (long)(_first + index) * sizeof(T);
            AccessWatch.Visit(address, sizeof(T));
            return ref *(T*)address;
        }
    }

    /// <summary>Returns the address of the first of <paramref name="count"/> registers, when the kernel runs as C#.</summary>
    internal nint Address(int count)
    {
        if (count > _length - _first) KernelFaultException.ThrowOutOfRange(count - 1, _length - _first);
        return (nint)(_address + (long)_first * sizeof(T));
    }

    /// <summary>Takes the registers from <paramref name="start"/> on.</summary>
    public Registers<T> Slice(int start)
    {
        if ((uint)start > (uint)(_length - _first)) KernelFaultException.ThrowOutOfRange(start, _length - _first);
        return new(_elements, _address, _first + start, _length);
    }
}
