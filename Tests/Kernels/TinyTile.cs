using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Tests.Kernels;

/// <summary>A tile for small matrices: many edges of tiles in few numbers, and little for a device on a processor to compile.</summary>
internal static class TinyTile
{
    public static TileShape Shape { get; } = new(8, 8, 4, 4, 4);
}
