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

    /// <summary>Returns the values that a thread takes at once: 16 bytes of the tensor with the shortest values.</summary>
    public static int Width(bool anyIsBFloat16) => anyIsBFloat16 ? 8 : 4;

    /// <summary>Loads four values. The index is a multiple of 4, and so is the view's first value in its allocation.</summary>
    public static Float4 Load4(ReadOnlyView<float> view, int index, bool isBFloat16)
    {
        if (!isBFloat16) return view.Load4(index);
        Float2 pairs = view.Load2(index >> 1);
        return Four(pairs.X, pairs.Y);
    }

    /// <summary>Loads eight values. The index is a multiple of 8, and so is the view's first value in its allocation.</summary>
    public static Float8 Load8(ReadOnlyView<float> view, int index, bool isBFloat16)
    {
        if (!isBFloat16) return new Float8(view.Load4(index), view.Load4(index + 4));
        Float4 pairs = view.Load4(index >> 1);
        return new Float8(Four(pairs.X, pairs.Y), Four(pairs.Z, pairs.W));
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

    /// <summary>Stores eight values; the index is as in <see cref="Load8"/>.</summary>
    public static void Store8(View<float> view, int index, Float8 values, bool isBFloat16)
    {
        if (isBFloat16)
        {
            Float4 low = values.Low, high = values.High;
            view.Store4(index >> 1, new Float4(Pair(low.X, low.Y), Pair(low.Z, low.W), Pair(high.X, high.Y), Pair(high.Z, high.W)));
        }
        else
        {
            view.Store4(index, values.Low);
            view.Store4(index + 4, values.High);
        }
    }

    /// <summary>Returns the value that a store keeps.</summary>
    public static float Round(float value, bool isBFloat16) => isBFloat16 ? Bits.ToSingle(Rounded(value)) : value;

    private static Float4 Four(float low, float high)
    {
        uint first = Bits.ToUInt32(low), second = Bits.ToUInt32(high);
        return new Float4(
            Bits.ToSingle(first << 16), Bits.ToSingle(first & 0xFFFF0000), Bits.ToSingle(second << 16), Bits.ToSingle(second & 0xFFFF0000));
    }

    private static float Pair(float low, float high) => Bits.ToSingle(Rounded(low) >> 16 | Rounded(high));

    /// <summary>Returns the bits of a float whose lower half is zero. NaN stays NaN.</summary>
    private static uint Rounded(float value)
    {
        uint bits = Bits.ToUInt32(value);
        if (KernelMath.IsNaN(value)) return (bits | 0x400000) & 0xFFFF0000;
        return bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000;
    }
}

/// <summary>Eight values, as two times four.</summary>
internal struct Float8(Float4 low, Float4 high)
{
    public Float4 Low = low, High = high;

    public static Float8 operator +(Float8 a, Float8 b) => new(a.Low + b.Low, a.High + b.High);
}
