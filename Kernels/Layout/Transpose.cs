using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// [N][rows][columns] to [N][columns][rows]: between NCHW, as it comes from outside, and channels-last. A group turns a tile in shared
/// memory, so that it reads and writes runs; where there are few channels, the tile is as narrow as they are. Memory bound.
/// </summary>
/// <param name="tileRows">Tiles have 1024 elements.</param>
/// <param name="source">[N][rows][columns]</param>
/// <param name="target">[N][columns][rows]; overwritten.</param>
[Kernel(256)]
public readonly partial struct Transpose(
    [Specialization(32)] int tileRows, [Specialization(32)] int tileColumns, ReadOnlyView<float> source, View<float> target,
    int images, int rows, int columns) : IKernelGrid
{
    private const int Few = 4, Many = 32, Tile = 1024;

    public Size3 Groups => new(images * Size3.Groups(rows, tileRows) * Size3.Groups(columns, tileColumns));

    /// <param name="source">[N][C][area]</param>
    /// <param name="target">[N][area][C]</param>
    public static Transpose ToChannelsLast(ReadOnlyView<float> source, View<float> target, int images, int channels, int area) =>
        new(TileOf(channels), Tile / TileOf(channels), source, target, images, channels, area);

    /// <param name="source">[N][area][C]</param>
    /// <param name="target">[N][C][area]</param>
    public static Transpose FromChannelsLast(ReadOnlyView<float> source, View<float> target, int images, int channels, int area) =>
        new(Tile / TileOf(channels), TileOf(channels), source, target, images, area, channels);

    public void Execute()
    {
        // One longer than a row: its columns lie in different banks.
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
