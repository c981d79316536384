using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Tests.Kernels;

/// <summary>A tile for small matrices: few numbers cover many tile edges, and a device on a processor compiles it quickly.</summary>
internal static class TinyTile
{
    public static TileShape Shape { get; } = new(8, 8, 4, 4, 4);
}
