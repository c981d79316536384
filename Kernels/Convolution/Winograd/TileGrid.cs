namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Tiles of a batch of outputs, image by image and row by row. The last tile in a row or a column may extend past the edge.
/// </summary>
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

    /// <summary>Number of tiles in the whole batch.</summary>
    public int Count { get; }

    public int PerImage { get; }

    /// <summary>Number of tiles in a row.</summary>
    public int Columns { get; }

    /// <summary>Returns a tile's image, and the output row and column where it begins.</summary>
    public (int Image, int Row, int Column) Position(int tile)
    {
        int image = tile / PerImage, inside = tile - image * PerImage, row = inside / Columns;
        return (image, row * _tile, (inside - row * Columns) * _tile);
    }
}
