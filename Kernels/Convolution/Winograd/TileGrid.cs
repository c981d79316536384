namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>The tiles of a batch of outputs, image by image and row by row. The last of a row or a column may reach over the edge.</summary>
internal sealed class TileGrid
{
    private readonly int _tile;

    public TileGrid(ConvolutionShape shape, int images, int tile)
    {
        _tile = tile;
        Columns = (shape.OutputWidth + tile - 1) / tile;
        PerImage = (shape.OutputHeight + tile - 1) / tile * Columns;
        Count = checked(images * PerImage);
    }

    /// <summary>Tiles of the whole batch.</summary>
    public int Count { get; }

    public int PerImage { get; }

    /// <summary>Tiles of a row of them.</summary>
    public int Columns { get; }

    /// <summary>Image, and row and column of the output where a tile begins.</summary>
    public (int Image, int Row, int Column) Position(int tile)
    {
        int image = tile / PerImage, inside = tile - image * PerImage, row = inside / Columns;
        return (image, row * _tile, (inside - row * Columns) * _tile);
    }
}
