namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>The tiles of a batch of outputs, image by image and row by row. The last of a row or a column may reach over the edge.</summary>
internal sealed class TileGrid
{
    private readonly int _tile, _columns, _perImage;

    public TileGrid(ConvolutionShape shape, int images, int tile)
    {
        _tile = tile;
        _columns = (shape.OutputWidth + tile - 1) / tile;
        _perImage = (shape.OutputHeight + tile - 1) / tile * _columns;
        Count = checked(images * _perImage);
    }

    /// <summary>Tiles of the whole batch.</summary>
    public int Count { get; }

    /// <summary>Image, and row and column of the output where a tile begins.</summary>
    public (int Image, int Row, int Column) Position(int tile)
    {
        int image = tile / _perImage, inside = tile - image * _perImage, row = inside / _columns;
        return (image, row * _tile, (inside - row * _columns) * _tile);
    }
}
