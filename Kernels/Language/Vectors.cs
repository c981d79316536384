using System.Runtime.InteropServices;

namespace GpuCnn.Kernels.Language;

/// <summary>Two floats that are loaded and stored at once.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Float2(float x, float y)
{
    public float X = x, Y = y;

    public static Float2 operator +(Float2 a, Float2 b) => new(a.X + b.X, a.Y + b.Y);

    public static Float2 operator -(Float2 a, Float2 b) => new(a.X - b.X, a.Y - b.Y);

    public static Float2 operator *(Float2 a, Float2 b) => new(a.X * b.X, a.Y * b.Y);

    public static Float2 operator *(Float2 a, float b) => new(a.X * b, a.Y * b);
}

/// <summary>Four floats that are loaded and stored at once.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Float4(float x, float y, float z, float w)
{
    public float X = x, Y = y, Z = z, W = w;

    public static Float4 operator +(Float4 a, Float4 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

    public static Float4 operator -(Float4 a, Float4 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z, a.W - b.W);

    public static Float4 operator *(Float4 a, Float4 b) => new(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);

    public static Float4 operator *(Float4 a, float b) => new(a.X * b, a.Y * b, a.Z * b, a.W * b);
}

/// <summary>
/// Loads and stores two or four floats. The index counts floats, and the address must be a multiple of the size moved. The compiler never
/// inserts them, because it cannot know that an address is aligned.
/// </summary>
public static unsafe class VectorAccess
{
    public static Float2 Load2(this ReadOnlyView<float> view, int index) =>
        KernelTarget.IsIlgpu ? IlgpuViews.Vector<Float2>(view.Elements, index) : *(Float2*)Address(view, index, 2);

    public static Float4 Load4(this ReadOnlyView<float> view, int index) =>
        KernelTarget.IsIlgpu ? IlgpuViews.Vector<Float4>(view.Elements, index) : *(Float4*)Address(view, index, 4);

    public static Float2 Load2(this View<float> view, int index) =>
        KernelTarget.IsIlgpu ? IlgpuViews.Vector<Float2>(view.Elements, index) : *(Float2*)Address(view, index, 2);

    public static Float4 Load4(this View<float> view, int index) =>
        KernelTarget.IsIlgpu ? IlgpuViews.Vector<Float4>(view.Elements, index) : *(Float4*)Address(view, index, 4);

    public static void Store2(this View<float> view, int index, Float2 value)
    {
        if (KernelTarget.IsIlgpu) IlgpuViews.Vector<Float2>(view.Elements, index) = value;
        else *(Float2*)Address(view, index, 2) = value;
    }

    public static void Store4(this View<float> view, int index, Float4 value)
    {
        if (KernelTarget.IsIlgpu) IlgpuViews.Vector<Float4>(view.Elements, index) = value;
        else *(Float4*)Address(view, index, 4) = value;
    }

    /// <summary>
    /// Stores the upper half of a float's bits, a bfloat16, and leaves its neighbour in the same float. The index counts bfloat16 values.
    /// </summary>
    public static void StoreUpper(this View<float> view, int index, float value)
    {
        if (KernelTarget.IsIlgpu) view.Elements.Cast<BFloat16>()[index] = new BFloat16((ushort)(Bits.ToUInt32(value) >> 16));
        else *((BFloat16*)Address(view, index >> 1, 1) + (index & 1)) = new BFloat16((ushort)(Bits.ToUInt32(value) >> 16));
    }

    /// <summary>Loads four registers as one value.</summary>
    public static Float4 Load4(this Registers<float> registers, int index) =>
        new(registers[index], registers[index + 1], registers[index + 2], registers[index + 3]);

    /// <summary>Stores one value in four registers.</summary>
    public static void Store4(this Registers<float> registers, int index, Float4 value)
    {
        registers[index] = value.X;
        registers[index + 1] = value.Y;
        registers[index + 2] = value.Z;
        registers[index + 3] = value.W;
    }

    internal static float* Address(ReadOnlyView<float> view, int index, int width)
    {
        if (index < 0 || index > view.Length - width)
            KernelFaultException.ThrowOutOfRange(index < 0 ? index : index + width - 1, view.Length);
        long address = view.Address + (long)index * sizeof(float);
        if (address % (width * sizeof(float)) != 0) KernelFaultException.ThrowUnaligned(index, width);
        AccessWatch.Visit(address, width * sizeof(float));
        return (float*)address;
    }
}
