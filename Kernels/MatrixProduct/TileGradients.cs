using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Takes the gradient dv of v = f(norm(z) + addend) through f while it is in registers, and sums what the norm's gradient needs over the
/// rows of a tile (<see cref="GatheredGradients"/>). The order of every sum follows from the tile.
/// </summary>
internal static class TileGradients
{
    /// <summary>Floats for each column of a tile.</summary>
    public const int Floats = 2;

    /// <summary>Computes dz = f'(v) dv for four neighbors, as they are stored.</summary>
    /// <param name="gradient">dv</param>
    /// <param name="output">v</param>
    /// <param name="isBFloat16">Whether dz is stored as bfloat16.</param>
    public static Float4 Through<TFunction>(Float4 gradient, Float4 output, TFunction function, bool isBFloat16)
        where TFunction : unmanaged, IPointwise
    {
        Float4 dz = PointwiseFunctions.Backward(function, output, gradient);
        return new Float4(
            StoredValues.Round(dz.X, isBFloat16), StoredValues.Round(dz.Y, isBFloat16), StoredValues.Round(dz.Z, isBFloat16),
            StoredValues.Round(dz.W, isBFloat16));
    }

    /// <summary>Returns the sum with dz (z - mean) added, for four neighbors.</summary>
    /// <param name="input">z</param>
    public static Float4 AddProduct(Float4 sum, Float4 dz, Float4 input, Float4 mean)
    {
        Float4 distance = input - mean;
        return new Float4(
            KernelMath.FusedMultiplyAdd(dz.X, distance.X, sum.X), KernelMath.FusedMultiplyAdd(dz.Y, distance.Y, sum.Y),
            KernelMath.FusedMultiplyAdd(dz.Z, distance.Z, sum.Z), KernelMath.FusedMultiplyAdd(dz.W, distance.W, sum.W));
    }

    /// <summary>Adds the sums of a tile's lines, in order, and stores them. All threads call this after a barrier.</summary>
    /// <param name="levels">Shared, [lines][tileN] Sums of dz.</param>
    /// <param name="products">Shared, [lines][tileN] Sums of dz (z - mean).</param>
    /// <param name="parts">[parts][<see cref="Floats"/>][columns]</param>
    /// <param name="column">First column of the tile.</param>
    public static void Store(
        View<float> levels, View<float> products, View<float> parts, int part, int column, int columns, int tileN,
        int lines)
    {
        for (int place = ThreadId.Y * GroupSize.X + ThreadId.X; place < tileN; place += GroupSize.X * GroupSize.Y)
        {
            if (column + place < columns)
            {
                float level = 0, product = 0;
                for (int line = 0; line < lines; line++)
                {
                    level += levels[line * tileN + place];
                    product += products[line * tileN + place];
                }
                int to = part * Floats * columns + column + place;
                parts[to] = level;
                parts[to + columns] = product;
            }
        }
    }
}
