using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// Transposes [N][rows][columns] to [N][columns][rows], between channels-last and the C, H, W order of a flattened volume. A group
/// transposes a tile in shared memory, so that it reads and writes contiguous runs. With few channels, the tile is as narrow as their
/// number. Memory-bound.
/// </summary>
/// <param name="tileRows">Rows of a tile. A tile has 1024 elements.</param>
/// <param name="source">[N][rows][columns]</param>
/// <param name="target">[N][columns][rows]; overwritten.</param>
[Kernel(256)]
internal readonly partial struct Transpose(
    [Specialization(32)] int tileRows, [Specialization(32)] int tileColumns, ReadOnlyView<float> source, View<float> target,
    int images, int rows, int columns) : IKernelGrid
{
    private const int Few = 4, Many = 32, Tile = 1024;

    public Size3 Groups => new(images * Size3.Groups(rows, tileRows) * Size3.Groups(columns, tileColumns));

    /// <summary>Creates the kernel from NCHW to channels-last.</summary>
    /// <param name="source">[N][C][area]</param>
    /// <param name="target">[N][area][C]</param>
    public static Transpose ToChannelsLast(ReadOnlyView<float> source, View<float> target, int images, int channels, int area) =>
        new(TileOf(channels), Tile / TileOf(channels), source, target, images, channels, area);

    /// <summary>Creates the kernel from channels-last to NCHW.</summary>
    /// <param name="source">[N][area][C]</param>
    /// <param name="target">[N][C][area]</param>
    public static Transpose FromChannelsLast(ReadOnlyView<float> source, View<float> target, int images, int channels, int area) =>
        new(Tile / TileOf(channels), TileOf(channels), source, target, images, area, channels);

    public void Execute()
    {
        // One element longer than a row, so that the elements of a column lie in different banks.
        int pitch = tileColumns + 1;
        View<float> tile = Shared.Array<float>(tileRows * (tileColumns + 1));
        int tilesAcross = TileShape.Tiles(columns, tileColumns), tilesDown = TileShape.Tiles(rows, tileRows);
        int image = GroupId.X / (tilesAcross * tilesDown);
        int firstRow = GroupId.X / tilesAcross % tilesDown * tileRows, firstColumn = GroupId.X % tilesAcross * tileColumns;
        int plane = image * rows * columns;
        for (int i = ThreadId.X; i < tileRows * tileColumns; i += GroupSize.X)
        {
            int row = i / tileColumns, column = i % tileColumns;
            if (firstRow + row < rows && firstColumn + column < columns)
                tile[row * pitch + column] = source[plane + (firstRow + row) * columns + firstColumn + column];
        }
        Group.Barrier();
        for (int i = ThreadId.X; i < tileRows * tileColumns; i += GroupSize.X)
        {
            int row = i % tileRows, column = i / tileRows;
            if (firstRow + row < rows && firstColumn + column < columns)
                target[plane + (firstColumn + column) * rows + firstRow + row] = tile[row * pitch + column];
        }
    }

    private static int TileOf(int channels) => channels <= Few ? Few : Many;
}
