namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Algorithm of a plain matrix product: tiles computed by this project's kernel, or the device's library, which has no tile.
/// </summary>
internal readonly record struct ProductChoice(TileShape Tile, bool ByLibrary = false)
{
    /// <summary>Name of the library, as it is printed and kept in files.</summary>
    public const string Library = "cuBLAS";

    /// <summary>
    /// Returns the name that is printed and kept in files: <c>GEMM 64x64x16</c>, <c>GEMM 128x64x64 bf16</c>, <c>cuBLAS</c>.
    /// </summary>
    public override string ToString() => ByLibrary ? Library : $"GEMM {Tile}";

    /// <summary>Chooses by the sizes alone: a tile, never the library.</summary>
    /// <param name="factors">What is multiplied, if the matrices allow it (<see cref="Units.UnitTile.Takes"/>).</param>
    public static ProductChoice For(int rows, int columns, int depth, FactorType factors = FactorType.Float32) =>
        new(TileChoice.For(rows, columns, depth, batch: 1, canSplit: true, factors));

    /// <summary>Lists the choices that may be worth timing. They all give the same result up to the order of summation.</summary>
    /// <param name="withLibrary">Whether the device has the library.</param>
    /// <param name="factors">As in <see cref="For"/>.</param>
    /// <param name="depth">Terms of each sum, if the device has matrix units that may multiply float32 and can load it; else 0.</param>
    public static IReadOnlyList<ProductChoice> Candidates(
        int rows, int columns, bool withLibrary, FactorType factors = FactorType.Float32, int depth = 0)
    {
        IEnumerable<ProductChoice> tiles = TileChoice.Candidates(rows, columns, factors)
            .Concat(TileChoice.UnitCandidates(rows, columns, depth)).Select(tile => new ProductChoice(tile));
        return withLibrary ? [.. tiles, new(default, ByLibrary: true)] : [.. tiles];
    }
}
