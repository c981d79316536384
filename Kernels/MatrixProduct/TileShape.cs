using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Tiling of a matrix product. A group of threads computes M x N values of the result in steps of K of the reduction, each thread PerM x
/// PerN of them in registers. The shared tiles of two steps take at most 32 KiB, and every thread loads whole runs of four.
/// </summary>
/// <param name="PerM">
/// 4, or 8: two runs of 4 rows M / 2 apart, so that neighbouring threads read neighbouring runs of shared memory.
/// </param>
/// <param name="PerN">4 or 8, likewise for columns.</param>
public readonly record struct TileShape(int M, int N, int K, int PerM, int PerN)
{
    public static TileShape Large { get; } = new(128, 128, 8, 8, 8);

    public static TileShape Tall { get; } = new(128, 64, 16, 8, 4);

    public static TileShape Narrow { get; } = new(128, 32, 16, 8, 4);

    public static TileShape Medium { get; } = new(64, 64, 16, 4, 4);

    public static TileShape Small { get; } = new(32, 32, 16, 4, 4);

    /// <summary>All tiles that kernels are compiled for, the largest first.</summary>
    public static IReadOnlyList<TileShape> All { get; } = [Large, Tall, Narrow, Medium, Small];

    public int Threads => M / PerM * (N / PerN);

    public override string ToString() => $"{M}x{N}x{K}";

    /// <summary>Returns the number of tiles that cover a result of <paramref name="rows"/> by <paramref name="columns"/>.</summary>
    public int Count(int rows, int columns) => Tiles(rows, M) * Tiles(columns, N);

    /// <summary>Returns how many tiles of one length cover another. Kernels call it too, so the dividend is visibly not negative.</summary>
    internal static int Tiles(int length, int tile) => KernelMath.Max(length + tile - 1, 0) / tile;
}
