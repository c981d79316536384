using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Stores the sums of a product: f(sum + bias), added to the result or overwriting it.</summary>
internal static class Epilogue
{
    /// <summary>Stores four sums of a row, and drops those outside the matrix.</summary>
    /// <param name="index">Index of the first sum in the result.</param>
    /// <param name="column">Column of the first sum, an index into the bias.</param>
    /// <param name="offset">Start of the bias.</param>
    /// <param name="columns">Number of columns in the matrix.</param>
    /// <param name="isWide">Whether either all four columns exist or none, and both addresses are aligned.</param>
    /// <param name="isBFloat16">Whether the result is stored as bfloat16.</param>
    public static void Store<TFunction>(
        View<float> result, int index, ReadOnlyView<float> bias, int offset, int column, int columns, Float4 sums, TFunction function,
        bool addBias, bool accumulate, bool isWide, bool isBFloat16)
        where TFunction : unmanaged, IPointwise
    {
        if (isWide)
        {
            if (column >= columns) return;
            if (addBias) sums += bias.Load4(offset + column);
            Float4 values = PointwiseFunctions.Forward(function, sums);
            if (accumulate) values += StoredValues.Load4(result, index, isBFloat16);
            StoredValues.Store4(result, index, values, isBFloat16);
        }
        else
        {
            StoreOne(result, index, bias, offset, column, columns, sums.X, function, addBias, accumulate, isBFloat16);
            StoreOne(result, index + 1, bias, offset, column + 1, columns, sums.Y, function, addBias, accumulate, isBFloat16);
            StoreOne(result, index + 2, bias, offset, column + 2, columns, sums.Z, function, addBias, accumulate, isBFloat16);
            StoreOne(result, index + 3, bias, offset, column + 3, columns, sums.W, function, addBias, accumulate, isBFloat16);
        }
    }

    public static void StoreOne<TFunction>(
        View<float> result, int index, ReadOnlyView<float> bias, int offset, int column, int columns, float sum, TFunction function,
        bool addBias, bool accumulate, bool isBFloat16)
        where TFunction : unmanaged, IPointwise
    {
        if (column >= columns) return;
        float value = PointwiseFunctions.Forward(function, addBias ? sum + bias[offset + column] : sum);
        StoredValues.Store(result, index, accumulate ? StoredValues.Load(result, index, isBFloat16) + value : value, isBFloat16);
    }
}
