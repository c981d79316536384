using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Collects a kernel's arguments as bytes, as the driver takes them. A view becomes the address of its first element, so a kernel needs no
/// offset for a part of a buffer.
/// </summary>
internal sealed unsafe class CudaArguments : IKernelArguments
{
    /// <summary>The strictest alignment of any argument.</summary>
    private const int Alignment = 16;

    private readonly List<byte> _bytes = [];
    private readonly List<(int Offset, int Bytes)> _values = [];
    private readonly List<Part> _views = [];

    public int Count => _values.Count;

    /// <summary>The views, which <see cref="CudaKernel"/> checks against the device's buffers.</summary>
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

    /// <summary>Returns the size of an argument in bytes.</summary>
    public int Bytes(int index) => _values[index].Bytes;

    /// <summary>
    /// Copies the arguments to one block of memory: first the address of each value, then the values. The caller frees it.
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

    /// <summary>The range of memory that a view covers, in bytes.</summary>
    /// <param name="Index">Index of the argument.</param>
    /// <param name="Memory">Address of the buffer.</param>
    /// <param name="Element">Size of one element.</param>
    internal readonly record struct Part(int Index, nint Memory, long Offset, long Bytes, int Element);
}
