using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Moments of the columns of a group's tile of results, made of what its threads hold in registers: the first row, how far the mean lies from it, and the sum of squared distances from the mean. What is
/// summed are differences, which no distance from 0 can drown.
/// </summary>
internal static class TileMoments
{
    /// <summary>Floats for each column of a tile.</summary>
    public const int Floats = 3;

    /// <summary>Rows and columns of a thread, at most: what a helper's loops are unrolled by.</summary>
    public const int Most = 8;

    /// <summary>Makes the sums what is stored: bias and all.</summary>
    /// <param name="sums">What the thread has, [perM * perN] as in a <see cref="RegisterTile"/>.</param>
    /// <param name="column">First column of the tile.</param>
    /// <param name="columns">Columns of the result.</param>
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
                Float4 values = Runs.Load(bias, at, at, 0, columns, isWide);
                for (int i = 0; i < Most; i++)
                {
                    int row = RegisterTile.IndexOf(i, j, perN);
                    if (i < perM) sums.Store4(row, sums.Load4(row) + values);
                }
            }
        }
    }

    /// <summary>The group's threads all call this, when they have read what they need of the shared tiles.</summary>
    /// <param name="sums">What the thread has, [perM * perN] as in a <see cref="RegisterTile"/>.</param>
    /// <param name="left">Shared, at least [2 * tileN]; overwritten.</param>
    /// <param name="right">Shared, at least [tileM / perM * tileN]; overwritten.</param>
    /// <param name="moments">[tiles][<see cref="Floats"/>][columns]; this tile's are overwritten, with zeros where no row counts.</param>
    /// <param name="rows">Rows that count, from the tile's first one on; may be more than it has, or fewer than one.</param>
    /// <param name="tile">Number of the row of tiles.</param>
    /// <param name="column">First column of the tile.</param>
    /// <param name="columns">Columns of the result.</param>
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
                    if (i < perM && RegisterTile.Place(ThreadId.Y, i, tileM) < rows) sum += sums.Load4(RegisterTile.IndexOf(i, j, perN)) - origin;
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
                    if (i < perM && RegisterTile.Place(ThreadId.Y, i, tileM) < rows) squares = AddSquare(squares, sums.Load4(RegisterTile.IndexOf(i, j, perN)) - origin - mean);
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
