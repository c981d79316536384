using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels;

/// <summary>
/// Reads and writes tensors whose values are floats or bfloat16, in arithmetic of floats. A bfloat16 tensor is a view of floats that hold
/// two values each, the first in the lower half. Indexes count values. Kernels know which it is when they are compiled.
/// </summary>
internal static class StoredValues
{
    public static float Load(ReadOnlyView<float> view, int index, bool isBFloat16)
    {
        if (!isBFloat16) return view[index];
        uint pair = Bits.ToUInt32(view[index >> 1]);
        return Bits.ToSingle((index & 1) != 0 ? pair & 0xFFFF0000 : pair << 16);
    }

    /// <summary>Loads four values. The index is a multiple of 4, and so is the view's first value in its allocation.</summary>
    public static Float4 Load4(ReadOnlyView<float> view, int index, bool isBFloat16)
    {
        if (!isBFloat16) return view.Load4(index);
        Float2 pairs = view.Load2(index >> 1);
        uint low = Bits.ToUInt32(pairs.X), high = Bits.ToUInt32(pairs.Y);
        return new Float4(
            Bits.ToSingle(low << 16), Bits.ToSingle(low & 0xFFFF0000), Bits.ToSingle(high << 16), Bits.ToSingle(high & 0xFFFF0000));
    }

    /// <summary>Stores a value, rounded to nearest, ties to even.</summary>
    public static void Store(View<float> view, int index, float value, bool isBFloat16)
    {
        if (isBFloat16) view.StoreUpper(index, Bits.ToSingle(Rounded(value)));
        else view[index] = value;
    }

    /// <summary>Stores four values; the index is as in <see cref="Load4"/>.</summary>
    public static void Store4(View<float> view, int index, Float4 values, bool isBFloat16)
    {
        if (isBFloat16) view.Store2(index >> 1, new Float2(Pair(values.X, values.Y), Pair(values.Z, values.W)));
        else view.Store4(index, values);
    }

    /// <summary>Returns the floats of memory that hold a number of values.</summary>
    public static long Floats(long values, bool isBFloat16) => isBFloat16 ? (values + 1) / 2 : values;

    /// <summary>Returns the value that a store keeps.</summary>
    public static float Round(float value, bool isBFloat16) => isBFloat16 ? Bits.ToSingle(Rounded(value)) : value;

    private static float Pair(float low, float high) => Bits.ToSingle(Rounded(low) >> 16 | Rounded(high));

    /// <summary>Returns the bits of a float whose lower half is zero. NaN stays NaN.</summary>
    private static uint Rounded(float value)
    {
        uint bits = Bits.ToUInt32(value);
        if (KernelMath.IsNaN(value)) return (bits | 0x400000) & 0xFFFF0000;
        return bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000;
    }
}
