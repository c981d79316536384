namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Which tile a product is computed with, and into how many parts its reduction is split. It follows from the sizes alone, so that the same sums are added in the same order on every device.
/// </summary>
public static class TileChoice
{
    /// <summary>Groups that fill a large device: two for each of 132 processors.</summary>
    private const int WantedGroups = 264;

    /// <summary>Steps of a tile's depth in a part: fewer would mostly wait for the first one's values.</summary>
    private const int LeastSteps = 8;

    /// <summary>The largest tile that wastes little and still gives enough groups; the smallest where none does.</summary>
    /// <param name="batch">Products of these sizes.</param>
    public static TileShape For(int rows, int columns, int depth, int batch, bool canSplit) =>
        TileShape.All.FirstOrDefault(
            tile => Waste(tile, rows, columns) <= 1.25 && (long)tile.Count(rows, columns) * batch * (canSplit ? MostParts(depth, tile) : 1) >= WantedGroups,
            TileShape.Small);

    /// <summary>Tiles worth timing.</summary>
    public static IEnumerable<TileShape> Candidates(int rows, int columns) => TileShape.All.Where(tile => tile == TileShape.Small || Waste(tile, rows, columns) <= 2);

    /// <summary>Parts of a reduction, and terms in each of them.</summary>
    /// <param name="groups">Groups that there are without splitting.</param>
    public static (int Count, int Depth) Parts(long groups, int depth, TileShape tile)
    {
        long wanted = Math.Clamp((WantedGroups + groups - 1) / groups, 1, MostParts(depth, tile));
        if (wanted == 1) return (1, depth);
        int steps = TileShape.Tiles(depth, tile.K), perPart = (int)((steps + wanted - 1) / wanted) * tile.K;
        return (TileShape.Tiles(depth, perPart), perPart);
    }

    private static int MostParts(int depth, TileShape tile) => Math.Max(1, depth / (LeastSteps * tile.K));

    /// <summary>Values that the tiles compute, over those of the smallest tiles.</summary>
    private static double Waste(TileShape tile, int rows, int columns) =>
        (double)tile.Count(rows, columns) * tile.M * tile.N / ((double)TileShape.Small.Count(rows, columns) * TileShape.Small.M * TileShape.Small.N);
}
