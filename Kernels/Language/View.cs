using System.Runtime.CompilerServices;

namespace GpuCnn.Kernels.Language;

/// <summary>
/// A run of elements in a device's memory that a kernel reads and writes. What <see cref="Memory"/> is, is the device's business: an address or a handle. Only where
/// it is an address of this process can the elements be reached from C#, and every access is checked.
/// </summary>
/// <param name="memory">The address or the handle of an allocation.</param>
/// <param name="offset">Where in it the first element lies, in bytes.</param>
public readonly unsafe struct View<T>(nint memory, nint offset, int length) where T : unmanaged
{
    public nint Memory { get; } = memory;

    public nint Offset { get; } = offset;

    public int Length { get; } = length;

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)Length) KernelFaultException.ThrowOutOfRange(index, Length);
            T* element = (T*)(Memory + Offset) + index;
            AccessWatch.Visit((nint)element, sizeof(T));
            return ref *element;
        }
    }

    /// <summary>What follows from <paramref name="start"/> on.</summary>
    public View<T> Slice(int start)
    {
        if ((uint)start > (uint)Length) KernelFaultException.ThrowOutOfRange(start, Length);
        return new(Memory, Offset + (nint)start * sizeof(T), Length - start);
    }
}

/// <summary>A run of elements in a device's memory that a kernel only reads. See <see cref="View{T}"/>.</summary>
/// <param name="memory">The address or the handle of an allocation.</param>
/// <param name="offset">Where in it the first element lies, in bytes.</param>
public readonly unsafe struct ReadOnlyView<T>(nint memory, nint offset, int length) where T : unmanaged
{
    public nint Memory { get; } = memory;

    public nint Offset { get; } = offset;

    public int Length { get; } = length;

    public T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)Length) KernelFaultException.ThrowOutOfRange(index, Length);
            return ((T*)(Memory + Offset))[index];
        }
    }

    /// <summary>What follows from <paramref name="start"/> on.</summary>
    public ReadOnlyView<T> Slice(int start)
    {
        if ((uint)start > (uint)Length) KernelFaultException.ThrowOutOfRange(start, Length);
        return new(Memory, Offset + (nint)start * sizeof(T), Length - start);
    }

    public static implicit operator ReadOnlyView<T>(View<T> view) => new(view.Memory, view.Offset, view.Length);
}
