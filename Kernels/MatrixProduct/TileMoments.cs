using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Moments of the columns of a group's tile, computed from the results in its threads' registers: the first row, the distance of the mean
/// from it, and the sum of squared distances from the mean. Only differences are summed, so that a mean far from 0 costs no precision.
/// </summary>
internal static class TileMoments
{
    /// <summary>Floats for each column of a tile.</summary>
    public const int Floats = 3;

    /// <summary>Largest number of rows or columns of a thread. A helper's loops are unrolled up to it.</summary>
    public const int Most = 8;

    /// <summary>Adds the bias to the sums, so that they become the stored values.</summary>
    /// <param name="sums">The thread's sums, [perM * perN] as in a <see cref="RegisterTile"/>.</param>
    /// <param name="column">First column of the tile.</param>
    /// <param name="columns">Number of columns in the result.</param>
    /// <param name="isWide">Whether four biases may be loaded at once.</param>
    [Unroll]
    public static void AddBias(Registers<float> sums, ReadOnlyView<float> bias, int column, int columns, int tileN, int perM, int perN,
        bool isWide)
    {
        for (int j = 0; j < Most; j += 4)
        {
            if (j < perN)
            {
                int at = column + RegisterTile.Place(ThreadId.X, j, tileN);
                Float4 values = Runs.Load(bias, at, at, 0, columns, isWide, false);
                for (int i = 0; i < Most; i++)
                {
                    int row = RegisterTile.IndexOf(i, j, perN);
                    if (i < perM) sums.Store4(row, sums.Load4(row) + values);
                }
            }
        }
    }

    /// <summary>
    /// Gathers the moments. All threads of the group call this after they have read the shared tiles, whose memory it reuses.
    /// </summary>
    /// <param name="sums">The thread's sums, [perM * perN] as in a <see cref="RegisterTile"/>.</param>
    /// <param name="left">Shared, at least [2 * tileN]; overwritten.</param>
    /// <param name="right">Shared, at least [tileM / perM * tileN]; overwritten.</param>
    /// <param name="moments">
    /// [tiles][<see cref="Floats"/>][columns]. This tile's moments are overwritten, with zeros if no row counts.
    /// </param>
    /// <param name="rows">Number of rows that count, from the tile's first on. May exceed the tile's rows, or be less than one.</param>
    /// <param name="tile">Index of the row of tiles.</param>
    /// <param name="column">First column of the tile.</param>
    /// <param name="columns">Number of columns in the result.</param>
    [Unroll]
    public static void Gather(
        Registers<float> sums, View<float> left, View<float> right, View<float> moments, int rows, int tile, int column, int columns,
            int tileM, int tileN, int perM, int perN)
    {
        int thread = ThreadId.Y * GroupSize.X + ThreadId.X, threads = GroupSize.X * GroupSize.Y, parts = GroupSize.Y,
            line = ThreadId.Y * tileN;
        View<float> origins = left, means = left.Slice(tileN);
        float count = KernelMath.Max(0, KernelMath.Min(rows, tileM));
        Group.Barrier();
        if (ThreadId.Y == 0)
        {
            for (int j = 0; j < Most; j += 4)
                if (j < perN) origins.Store4(RegisterTile.Place(ThreadId.X, j, tileN), sums.Load4(RegisterTile.IndexOf(0, j, perN)));
        }
        Group.Barrier();
        for (int j = 0; j < Most; j += 4)
        {
            if (j < perN)
            {
                int place = RegisterTile.Place(ThreadId.X, j, tileN);
                Float4 origin = origins.Load4(place), sum = new Float4(0, 0, 0, 0);
                for (int i = 0; i < Most; i++)
                    if (i < perM && RegisterTile.Place(ThreadId.Y, i, tileM) < rows)
                        sum += sums.Load4(RegisterTile.IndexOf(i, j, perN)) - origin;
                right.Store4(line + place, sum);
            }
        }
        Group.Barrier();
        for (int place = thread; place < tileN; place += threads)
        {
            float sum = 0;
            for (int part = 0; part < parts; part++) sum += right[part * tileN + place];
            means[place] = sum / KernelMath.Max(1, count);
        }
        Group.Barrier();
        for (int j = 0; j < Most; j += 4)
        {
            if (j < perN)
            {
                int place = RegisterTile.Place(ThreadId.X, j, tileN);
                Float4 origin = origins.Load4(place), mean = means.Load4(place), squares = new Float4(0, 0, 0, 0);
                for (int i = 0; i < Most; i++)
                    if (i < perM && RegisterTile.Place(ThreadId.Y, i, tileM) < rows)
                        squares = AddSquare(squares, sums.Load4(RegisterTile.IndexOf(i, j, perN)) - origin - mean);
                right.Store4(line + place, squares);
            }
        }
        Group.Barrier();
        for (int place = thread; place < tileN; place += threads)
        {
            if (column + place < columns)
            {
                float spread = 0;
                for (int part = 0; part < parts; part++) spread += right[part * tileN + place];
                int first = tile * Floats * columns + column + place;
                moments[first] = count > 0 ? origins[place] : 0;
                moments[first + columns] = means[place];
                moments[first + 2 * columns] = spread;
            }
        }
    }

    public static Float4 AddSquare(Float4 sum, Float4 value) => new Float4(
        KernelMath.FusedMultiplyAdd(value.X, value.X, sum.X), KernelMath.FusedMultiplyAdd(value.Y, value.Y, sum.Y),
        KernelMath.FusedMultiplyAdd(value.Z, value.Z, sum.Z), KernelMath.FusedMultiplyAdd(value.W, value.W, sum.W));
}
