using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// The channels of a pixel that one thread computes: four neighbors that are loaded at once, or one in the first of four values, whose
/// others are unused.
/// </summary>
internal static class BatchNormLanes
{
    /// <summary>Rows whose values a thread loads before it computes with them, so that several loads are on their way.</summary>
    public const int Rows = 4;

    /// <summary>Returns the number of channels per thread.</summary>
    /// <param name="pitch">Values from one pixel of the output to the next.</param>
    public static int Of(int channels, int pitch) => (channels | pitch) % 4 == 0 ? 4 : 1;

    public static Float4 Load(ReadOnlyView<float> view, int index, int lanes, bool isBFloat16) => lanes == 4
        ? StoredValues.Load4(view, index, isBFloat16)
        : new Float4(StoredValues.Load(view, index, isBFloat16), 0, 0, 0);

    /// <summary>Loads the values of a row if there is one, else zeros.</summary>
    public static Float4 LoadIf(bool exists, ReadOnlyView<float> view, int index, int lanes, bool isBFloat16)
    {
        if (exists) return Load(view, index, lanes, isBFloat16);
        return new Float4(0, 0, 0, 0);
    }

    /// <summary>Loads the values of a row of a slice, whose addresses may not be aligned.</summary>
    /// <param name="isWide">Whether pixels are multiples of 4 values apart.</param>
    public static Float4 LoadSlice(bool exists, ReadOnlyView<float> view, int index, int lanes, bool isWide, bool isBFloat16)
    {
        if (!exists) return new Float4(0, 0, 0, 0);
        if (lanes == 1 || isWide) return Load(view, index, lanes, isBFloat16);
        return new Float4(
            StoredValues.Load(view, index, isBFloat16), StoredValues.Load(view, index + 1, isBFloat16),
            StoredValues.Load(view, index + 2, isBFloat16), StoredValues.Load(view, index + 3, isBFloat16));
    }

    public static void Store(View<float> view, int index, Float4 values, int lanes, bool isBFloat16)
    {
        if (lanes == 4) StoredValues.Store4(view, index, values, isBFloat16);
        else StoredValues.Store(view, index, values.X, isBFloat16);
    }

    /// <summary>Computes a b + c, rounded once.</summary>
    public static Float4 MultiplyAdd(Float4 a, Float4 b, Float4 c) => new(
        KernelMath.FusedMultiplyAdd(a.X, b.X, c.X), KernelMath.FusedMultiplyAdd(a.Y, b.Y, c.Y),
        KernelMath.FusedMultiplyAdd(a.Z, b.Z, c.Z), KernelMath.FusedMultiplyAdd(a.W, b.W, c.W));

    /// <summary>Computes 1 / sqrt(variance + epsilon).</summary>
    public static Float4 Inverse(Float4 variance, float epsilon) => new(
        1 / KernelMath.Sqrt(variance.X + epsilon), 1 / KernelMath.Sqrt(variance.Y + epsilon),
        1 / KernelMath.Sqrt(variance.Z + epsilon), 1 / KernelMath.Sqrt(variance.W + epsilon));
}
