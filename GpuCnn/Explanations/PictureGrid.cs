using GpuCnn.Data;

namespace GpuCnn.Explanations;

/// <summary>Pictures of one size in rows and columns, with a line of light gray between them.</summary>
internal sealed class PictureGrid
{
    private const byte Line = 200;

    public PictureGrid(int count, int columns, int width, int height, int channels, int gap = 1)
    {
        (Columns, CellWidth, CellHeight, Gap) = (Math.Max(1, Math.Min(columns, count)), width, height, gap);
        Rows = (count + Columns - 1) / Columns;
        Image = new PixelImage(Columns * (width + gap) - gap, Rows * (height + gap) - gap, channels);
        Image.Pixels.AsSpan().Fill(Line);
    }

    public int Rows { get; }

    public int Columns { get; }

    public int CellWidth { get; }

    public int CellHeight { get; }

    /// <summary>Pixels between cells.</summary>
    public int Gap { get; }

    public PixelImage Image { get; }

    /// <summary>Puts a picture of the cells' size in its place.</summary>
    public void Put(int place, PixelImage picture)
    {
        int left = place % Columns * (CellWidth + Gap), top = place / Columns * (CellHeight + Gap);
        PixelImage same = picture.WithChannels(Image.Channels);
        for (int row = 0; row < CellHeight; row++) same.Row(row).CopyTo(Image.Row(top + row)[(left * Image.Channels)..]);
    }

    /// <summary>Repeats each pixel in rows and columns.</summary>
    public static PixelImage Enlarge(PixelImage image, int factor)
    {
        if (factor == 1) return image;
        var large = new PixelImage(image.Width * factor, image.Height * factor, image.Channels);
        for (int y = 0; y < large.Height; y++)
        {
            Span<byte> source = image.Row(y / factor), target = large.Row(y);
            for (int x = 0; x < large.Width; x++)
                source.Slice(x / factor * image.Channels, image.Channels).CopyTo(target[(x * image.Channels)..]);
        }
        return large;
    }
}
