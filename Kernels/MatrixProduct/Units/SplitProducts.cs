using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// Products of float32 by matrix units of TF32 (3xTF32). A factor x is split into big = tf32(x) and small = tf32(x - big). A product is
/// small * big + big * small + big * big; small * small is left out.
/// </summary>
/// <remarks>
/// The products of 8 steps of the reduction are added from zero by the units, and their sum is added to the tile's in float32. Units cut
/// off bits where they add (at least 24 stay), so each addition may lose 2^-23 of the largest term, always towards zero. That loss is
/// bounded by the 8 steps: with S = sum of |x y| over K steps, the error is below (K / 8 + 48) 2^-24 S. This is K / 8 rounded additions, 24
/// for what units cut off, and at most 24 for small * small and for the rounding of small parts (8 if no factor reaches
/// <see cref="LeastLarge"/>). Float32's own bound is K 2^-24 S, which is higher from K = <see cref="LeastDepth"/> on.
/// <para/>
/// An infinite factor becomes 1 and infinity, so that no product is infinity times zero that is not so in float32. A large factor is cut
/// off instead of rounded: its parts have one sign, and products that overflow do not cancel each other. A factor below 2^-115 keeps fewer
/// digits, as if it were rounded to a multiple of 2^-136; a sum within 2^-20 of the largest float may become infinite.
/// See Ootomo and Yokota, Recovering single precision accuracy from Tensor Cores (https://arxiv.org/abs/2203.03341).
/// </remarks>
internal static class SplitProducts
{
    /// <summary>Shortest reduction that is offered: the error's bound is below float32's.</summary>
    public const int LeastDepth = 64;

    /// <summary>Blocks of 16 x 8 whose units' additions do not wait for each other.</summary>
    public const int Blocks = 4;

    /// <summary>Bits of 2048: the small part of a smaller factor is below 1, so no product of it overflows.</summary>
    private const uint LeastLarge = 0x45000000;

    private const uint Infinity = 0x7F800000, One = 0x3F800000, Sign = 0x80000000, TF32Digits = 0xFFFFE000;

    /// <summary>Adds the products of a stage to the sums of the warp; the arguments are those of <see cref="UnitTile.Multiply"/>.</summary>
    /// <param name="right">[2][tileN / 2 / 8][2] Overwritten.</param>
    /// <param name="products">[<see cref="UnitTile.Products"/>] Overwritten.</param>
    public static void Multiply(
        Registers<float> sums, Registers<uint> left, Registers<uint> right, Registers<float> products, View<float> leftTile,
            View<float> rightTile, UnitSide sideA, UnitSide sideB)
    {
        // Not unrolled: the instructions of a step fill a large part of their cache.
        for (int step = 0; step < UnitTile.StepsOfStage; step++)
            MultiplyStep(sums, left, right, products, leftTile, rightTile, sideA, sideB, step);
    }

    /// <summary>Splits four factors.</summary>
    /// <param name="values">[4] Floats, replaced by their big parts.</param>
    /// <param name="rest">[4] Receives the small parts.</param>
    public static void Split(Registers<uint> values, Registers<uint> rest)
    {
        Split(values, rest, 0);
        Split(values, rest, 1);
        Split(values, rest, 2);
        Split(values, rest, 3);
    }

    [Unroll]
    private static void MultiplyStep(
        Registers<float> sums, Registers<uint> left, Registers<uint> right, Registers<float> products, View<float> leftTile,
            View<float> rightTile, UnitSide sideA, UnitSide sideB, int step)
    {
        int warpM = sideA.Lines >> 1, warpN = sideB.Lines >> 1, small = warpN >> 2;
        int row = UnitTile.Row(sideA.Lines), column = UnitTile.Column(sideB.Lines);
        for (int j = 0; j < UnitTile.MostColumns; j += 2)
        {
            if (8 * j < warpN)
            {
                UnitFragments.LoadRight(right.Slice(2 * j), rightTile, sideB, column + 8 * j, step);
                Split(right.Slice(2 * j), right.Slice(small + 2 * j));
            }
        }
        for (int i = 0; i < UnitTile.MostRows; i++)
        {
            if (16 * i < warpM)
            {
                UnitFragments.LoadLeft(left, leftTile, sideA, row + 16 * i, step);
                Split(left, left.Slice(4));
                for (int j = 0; j < UnitTile.MostColumns; j += Blocks)
                {
                    if (8 * j < warpN)
                    {
                        for (int k = 0; k < 4 * Blocks; k++) products[k] = 0;
                        for (int k = 0; k < Blocks; k++)
                            MatrixUnit.MultiplyTF32(products.Slice(4 * k), left.Slice(4), right.Slice(2 * (j + k)));
                        for (int k = 0; k < Blocks; k++)
                            MatrixUnit.MultiplyTF32(products.Slice(4 * k), left, right.Slice(small + 2 * (j + k)));
                        for (int k = 0; k < Blocks; k++)
                            MatrixUnit.MultiplyTF32(products.Slice(4 * k), left, right.Slice(2 * (j + k)));
                        for (int k = 0; k < 4 * Blocks; k++) sums[UnitTile.IndexOf(i, j, warpN) + k] += products[k];
                    }
                }
            }
        }
    }

    private static void Split(Registers<uint> values, Registers<uint> rest, int index)
    {
        float x = Bits.ToSingle(values[index]);
        uint magnitude = values[index] & ~Sign, big = MatrixUnit.ToTF32(x);
        if (magnitude >= LeastLarge) big = magnitude == Infinity ? values[index] & Sign | One : values[index] & TF32Digits;
        values[index] = big;
        rest[index] = MatrixUnit.ToTF32(x - Bits.ToSingle(big));
    }
}
