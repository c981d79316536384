using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct.Units;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Tiling of a matrix product. A group of threads computes M x N values of the result in steps of K of the reduction, each thread PerM x
/// PerN of them in registers. The shared tiles of two steps take at most 32 KiB, and every thread loads whole runs of four.
/// </summary>
/// <param name="PerM">
/// 4, or 8: two runs of 4 rows M / 2 apart, so that neighbouring threads read neighbouring runs of shared memory.
/// </param>
/// <param name="PerN">4 or 8, likewise for columns.</param>
/// <param name="Factors">
/// What is multiplied. Tiles other than those of <see cref="FactorType.Float32"/> are computed as <see cref="UnitTile"/> says.
/// </param>
public readonly record struct TileShape(int M, int N, int K, int PerM, int PerN, FactorType Factors = FactorType.Float32)
{
    public static TileShape Large { get; } = new(128, 128, 8, 8, 8);

    public static TileShape Tall { get; } = new(128, 64, 16, 8, 4);

    public static TileShape Narrow { get; } = new(128, 32, 16, 8, 4);

    public static TileShape Medium { get; } = new(64, 64, 16, 4, 4);

    public static TileShape Small { get; } = new(32, 32, 16, 4, 4);

    /// <summary>All tiles of float32 that kernels are compiled for, the largest first.</summary>
    public static IReadOnlyList<TileShape> All { get; } = [Large, Tall, Narrow, Medium, Small];

    private static IReadOnlyList<TileShape> OfTF32 { get; } = Units(FactorType.TF32);

    private static IReadOnlyList<TileShape> OfBFloat16 { get; } = Units(FactorType.BFloat16);

    private static IReadOnlyList<TileShape> OfSplitTF32 { get; } = Units(FactorType.SplitTF32);

    private static IReadOnlyList<TileShape> OfAsyncFloat32 { get; } = Units(FactorType.AsyncFloat32);

    public int Threads => M / PerM * (N / PerN);

    /// <summary>Lists all tiles that kernels are compiled for, the largest first.</summary>
    public static IReadOnlyList<TileShape> Of(FactorType factors) => factors switch
    {
        FactorType.TF32 => OfTF32,
        FactorType.BFloat16 => OfBFloat16,
        FactorType.SplitTF32 => OfSplitTF32,
        FactorType.AsyncFloat32 => OfAsyncFloat32,
        _ => All,
    };

    /// <summary>Returns the name that is printed and kept in files: <c>128x128x8</c>, <c>128x64x32 3xtf32</c>.</summary>
    public override string ToString() => $"{M}x{N}x{K} {Factors.Name()}".TrimEnd();

    /// <summary>Returns the number of tiles that cover a result of <paramref name="rows"/> by <paramref name="columns"/>.</summary>
    public int Count(int rows, int columns) => Tiles(rows, M) * Tiles(columns, N);

    /// <summary>Returns how many tiles of one length cover another. Kernels call it too, so the dividend is visibly not negative.</summary>
    internal static int Tiles(int length, int tile) => KernelMath.Max(length + tile - 1, 0) / tile;

    private static IReadOnlyList<TileShape> Units(FactorType factors)
    {
        int depth = UnitTile.Depth * factors.PerFloat();
        return [new(128, 128, depth, 16, 8, factors), new(128, 64, depth, 16, 4, factors), new(64, 64, depth, 8, 4, factors)];
    }
}
