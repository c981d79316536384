using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// Moments of the columns of a tile from the sums in registers of its warps, as <see cref="TileMoments"/> has them: first row, distance of
/// the mean from it, sum of squared distances from the mean.
/// </summary>
internal static class UnitMoments
{
    /// <summary>Makes the stored values of the sums: adds the bias and rounds.</summary>
    /// <param name="column">First column of the tile.</param>
    /// <param name="columns">Number of columns in the result.</param>
    /// <param name="isBFloat16">Whether the result is stored as bfloat16.</param>
    [Unroll]
    public static void MakeStored(Registers<float> sums, ReadOnlyView<float> bias, int column, int columns, UnitSide sideA, UnitSide sideB,
        bool addBias, bool isBFloat16)
    {
        int warpM = sideA.Lines >> 1, warpN = sideB.Lines >> 1, first = column + UnitTile.Column(sideB.Lines), lane = Warp.Lane;
        for (int j = 0; j < UnitTile.MostColumns; j++)
        {
            if (8 * j < warpN)
            {
                int own = first + sideB.Column(lane, j);
                float left = addBias && own < columns ? bias[own] : 0, right = addBias && own + 1 < columns ? bias[own + 1] : 0;
                for (int i = 0; i < UnitTile.MostRows; i++)
                {
                    if (16 * i < warpM)
                    {
                        int at = UnitTile.IndexOf(i, j, warpN);
                        sums[at] = StoredValues.Round(sums[at] + left, isBFloat16);
                        sums[at + 1] = StoredValues.Round(sums[at + 1] + right, isBFloat16);
                        sums[at + 2] = StoredValues.Round(sums[at + 2] + left, isBFloat16);
                        sums[at + 3] = StoredValues.Round(sums[at + 3] + right, isBFloat16);
                    }
                }
            }
        }
    }

    /// <summary>Gathers the moments. All threads of the group call this after their last stage.</summary>
    /// <param name="sums">The stored values.</param>
    /// <param name="shared">At least [4 * tileN]; overwritten.</param>
    /// <param name="moments">
    /// [tiles][3][columns]. This tile's moments are overwritten, with zeros if no row counts.
    /// </param>
    /// <param name="rows">Number of rows that count, from the tile's first on. May exceed the tile's rows, or be less than one.</param>
    /// <param name="tile">Index of the row of tiles.</param>
    /// <param name="column">First column of the tile.</param>
    /// <param name="columns">Number of columns in the result.</param>
    [Unroll]
    public static void Gather(Registers<float> sums, View<float> shared, View<float> moments, int rows, int tile, int column, int columns,
        UnitSide sideA, UnitSide sideB)
    {
        int tileM = sideA.Lines, tileN = sideB.Lines, warpM = tileM >> 1, warpN = tileN >> 1, lane = Warp.Lane;
        int row = UnitTile.Row(tileM), place = UnitTile.Column(tileN);
        int part = (2 + (ThreadId.X >> 5 & 1)) * tileN;
        View<float> origins = shared, means = shared.Slice(tileN);
        float count = KernelMath.Max(0, KernelMath.Min(rows, tileM));
        Group.Barrier();
        for (int j = 0; j < UnitTile.MostColumns; j++)
        {
            if (8 * j < warpN && row + sideA.Row(lane, 0) == 0)
            {
                origins[place + sideB.Column(lane, j)] = sums[UnitTile.IndexOf(0, j, warpN)];
                origins[place + sideB.Column(lane, j) + 1] = sums[UnitTile.IndexOf(0, j, warpN) + 1];
            }
        }
        Group.Barrier();
        for (int j = 0; j < UnitTile.MostColumns; j++)
        {
            if (8 * j < warpN)
            {
                int own = place + sideB.Column(lane, j);
                float leftOrigin = origins[own], rightOrigin = origins[own + 1], left = 0, right = 0;
                for (int i = 0; i < UnitTile.MostRows; i++)
                {
                    if (16 * i < warpM)
                    {
                        int at = UnitTile.IndexOf(i, j, warpN);
                        if (row + sideA.Row(lane, 2 * i) < rows)
                        {
                            left += sums[at] - leftOrigin;
                            right += sums[at + 1] - rightOrigin;
                        }
                        if (row + sideA.Row(lane, 2 * i + 1) < rows)
                        {
                            left += sums[at + 2] - leftOrigin;
                            right += sums[at + 3] - rightOrigin;
                        }
                    }
                }
                left = AddRows(left);
                right = AddRows(right);
                if (lane < 4)
                {
                    shared[part + own] = left;
                    shared[part + own + 1] = right;
                }
            }
        }
        Group.Barrier();
        if (ThreadId.X < tileN)
            means[ThreadId.X] = (shared[2 * tileN + ThreadId.X] + shared[3 * tileN + ThreadId.X]) / KernelMath.Max(1, count);
        Group.Barrier();
        for (int j = 0; j < UnitTile.MostColumns; j++)
        {
            if (8 * j < warpN)
            {
                int own = place + sideB.Column(lane, j);
                float leftOrigin = origins[own], rightOrigin = origins[own + 1], left = 0, right = 0;
                float leftMean = means[own], rightMean = means[own + 1];
                for (int i = 0; i < UnitTile.MostRows; i++)
                {
                    if (16 * i < warpM)
                    {
                        int at = UnitTile.IndexOf(i, j, warpN);
                        if (row + sideA.Row(lane, 2 * i) < rows)
                        {
                            left = AddSquare(left, sums[at] - leftOrigin - leftMean);
                            right = AddSquare(right, sums[at + 1] - rightOrigin - rightMean);
                        }
                        if (row + sideA.Row(lane, 2 * i + 1) < rows)
                        {
                            left = AddSquare(left, sums[at + 2] - leftOrigin - leftMean);
                            right = AddSquare(right, sums[at + 3] - rightOrigin - rightMean);
                        }
                    }
                }
                left = AddRows(left);
                right = AddRows(right);
                if (lane < 4)
                {
                    shared[part + own] = left;
                    shared[part + own + 1] = right;
                }
            }
        }
        Group.Barrier();
        if (ThreadId.X < tileN && column + ThreadId.X < columns)
        {
            int first = tile * TileMoments.Floats * columns + column + ThreadId.X;
            moments[first] = count > 0 ? origins[ThreadId.X] : 0;
            moments[first + columns] = means[ThreadId.X];
            moments[first + 2 * columns] = shared[2 * tileN + ThreadId.X] + shared[3 * tileN + ThreadId.X];
        }
        Group.Barrier();
    }

    /// <summary>Adds a column's values of eight lanes, which lie four apart.</summary>
    private static float AddRows(float value)
    {
        float other = Warp.ShuffleXor(value, 4);
        float sum = value + other;
        other = Warp.ShuffleXor(sum, 8);
        sum += other;
        other = Warp.ShuffleXor(sum, 16);
        return sum + other;
    }

    public static float AddSquare(float sum, float value) => KernelMath.FusedMultiplyAdd(value, value, sum);
}
