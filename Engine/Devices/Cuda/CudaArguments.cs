using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// The arguments of a kernel as the driver takes them: the bytes of each, a view's being the address of its first element. A part of
/// memory is thus a pointer of its own in the kernel, and needs no offset beside it.
/// </summary>
internal sealed unsafe class CudaArguments : IKernelArguments
{
    /// <summary>No argument has a stricter alignment.</summary>
    private const int Alignment = 16;

    private readonly List<byte> _bytes = [];
    private readonly List<(int Offset, int Bytes)> _values = [];
    private readonly List<Part> _views = [];

    public int Count => _values.Count;

    /// <summary>The views, which the kernel's device has to know.</summary>
    public IReadOnlyList<Part> Views => _views;

    public void Add<T>(View<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset, view.Length);

    public void Add<T>(ReadOnlyView<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset, view.Length);

    public void Add<T>(T value) where T : unmanaged
    {
        int offset = (_bytes.Count + Alignment - 1) / Alignment * Alignment;
        CollectionsMarshal.SetCount(_bytes, offset + sizeof(T));
        MemoryMarshal.Write(CollectionsMarshal.AsSpan(_bytes)[offset..], value);
        _values.Add((offset, sizeof(T)));
    }

    /// <summary>How many bytes an argument has.</summary>
    public int Bytes(int index) => _values[index].Bytes;

    /// <summary>
    /// A block of memory, to be freed by the caller, which starts with the address of each value and goes on with the values.
    /// </summary>
    public nint Pack()
    {
        int pointers = (Count * sizeof(nint) + Alignment - 1) / Alignment * Alignment;
        var block = (byte*)NativeMemory.AlignedAlloc((nuint)(pointers + Math.Max(1, _bytes.Count)), Alignment);
        CollectionsMarshal.AsSpan(_bytes).CopyTo(new Span<byte>(block + pointers, _bytes.Count));
        for (int i = 0; i < Count; i++) ((byte**)block)[i] = block + pointers + _values[i].Offset;
        return (nint)block;
    }

    private void Add<T>(nint memory, nint offset, int length) where T : unmanaged
    {
        _views.Add(new(Count, memory, offset, (long)length * sizeof(T), sizeof(T)));
        Add(memory + offset);
    }

    /// <summary>The memory that a view reaches.</summary>
    /// <param name="Index">Of the argument.</param>
    /// <param name="Memory">The address of its buffer.</param>
    /// <param name="Element">Bytes of one element, in bytes as the others.</param>
    internal readonly record struct Part(int Index, nint Memory, long Offset, long Bytes, int Element);
}
