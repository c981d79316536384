using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Loads runs of four values, some of which may not exist.</summary>
internal static class Runs
{
    /// <summary>
    /// Loads four values from <paramref name="index"/> on. Their positions start at <paramref name="position"/>; positions outside first ..
    /// end - 1 give zero.
    /// </summary>
    /// <param name="isWide">Whether either all of them exist or none, and the address is aligned.</param>
    public static Float4 Load(ReadOnlyView<float> memory, int index, int position, int first, int end, bool isWide, bool isBFloat16)
    {
        if (isWide)
        {
            if (position >= first && position < end) return StoredValues.Load4(memory, index, isBFloat16);
            return new Float4(0, 0, 0, 0);
        }
        return new Float4(
            At(memory, index, position, first, end, isBFloat16), At(memory, index + 1, position + 1, first, end, isBFloat16),
            At(memory, index + 2, position + 2, first, end, isBFloat16), At(memory, index + 3, position + 3, first, end, isBFloat16));
    }

    private static float At(ReadOnlyView<float> memory, int index, int position, int first, int end, bool isBFloat16) =>
        position >= first && position < end ? StoredValues.Load(memory, index, isBFloat16) : 0;
}
