namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Chooses the tile of a product and the number of parts that its reduction is split into. The choice follows from the sizes alone, so that
/// the same sums are added in the same order on every device.
/// </summary>
internal static class TileChoice
{
    /// <summary>Number of groups that fill a large device: two for each of 132 processors.</summary>
    private const int WantedGroups = 264;

    /// <summary>Fewest steps of a tile's depth in a part. Shorter parts would mostly wait for their first values.</summary>
    private const int LeastSteps = 8;

    /// <summary>Chooses the largest tile that wastes little and still gives enough groups, or the smallest tile if none does.</summary>
    /// <param name="batch">Number of products of these sizes.</param>
    public static TileShape For(
        int rows, int columns, int depth, int batch, bool canSplit, FactorType factors = FactorType.Float32) =>
        TileShape.Of(factors).FirstOrDefault(
            tile => Waste(tile, rows, columns) <= 1.25
                && (long)tile.Count(rows, columns) * batch * (canSplit ? MostParts(depth, tile) : 1) >= WantedGroups,
            TileShape.Of(factors)[^1]);

    /// <summary>Lists the tiles worth timing: those of the factors, and those of float32.</summary>
    public static IEnumerable<TileShape> Candidates(int rows, int columns, FactorType factors = FactorType.Float32)
    {
        IEnumerable<TileShape> tiles = factors == FactorType.Float32 ? TileShape.All : TileShape.Of(factors).Concat(TileShape.All);
        return tiles.Where(tile => IsCandidate(tile, rows, columns));
    }

    /// <summary>
    /// Lists the tiles worth timing in place of float32's on devices with matrix units. <see cref="For"/> never chooses one.
    /// </summary>
    public static IEnumerable<TileShape> UnitCandidates(int rows, int columns, int depth) =>
        FactorTypes.OfFloat32ByUnits.Where(factors => depth >= factors.LeastDepth())
            .SelectMany(TileShape.Of).Where(tile => IsCandidate(tile, rows, columns));

    /// <summary>Chooses the number of parts of a reduction, and the terms in each part.</summary>
    /// <param name="groups">Number of groups without splitting.</param>
    public static (int Count, int Depth) Parts(long groups, int depth, TileShape tile)
    {
        long wanted = Math.Clamp((WantedGroups + groups - 1) / groups, 1, MostParts(depth, tile));
        if (wanted == 1) return (1, depth);
        int steps = TileShape.Tiles(depth, tile.K), perPart = (int)((steps + wanted - 1) / wanted) * tile.K;
        return (TileShape.Tiles(depth, perPart), perPart);
    }

    private static bool IsCandidate(TileShape tile, int rows, int columns) =>
        tile == TileShape.Of(tile.Factors)[^1] || Waste(tile, rows, columns) <= 2;

    private static int MostParts(int depth, TileShape tile) => Math.Max(1, depth / (LeastSteps * tile.K));

    /// <summary>Returns the number of values that the tiles compute, relative to that of the smallest tiles of these factors.</summary>
    private static double Waste(TileShape tile, int rows, int columns)
    {
        TileShape small = TileShape.Of(tile.Factors)[^1];
        return (double)tile.Count(rows, columns) * tile.M * tile.N / ((double)small.Count(rows, columns) * small.M * small.N);
    }
}
