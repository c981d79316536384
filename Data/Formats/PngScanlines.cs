namespace GpuCnn.Data.Formats;

/// <summary>Reads scanlines of a PNG image: filters (PNG section 9) and Adam7 passes (section 8). Reuses its memory, which grows.</summary>
internal sealed unsafe class PngScanlines(ScratchSource source) : IDisposable
{
    private readonly ScratchBuffer _raw = new(source), _first = new(source), _second = new(source), _packed = new(source);

    /// <summary>Reads, unfilters and converts the scanlines that a window needs.</summary>
    /// <param name="header">Format of the lines.</param>
    /// <param name="name">The path, for messages.</param>
    /// <param name="inflated">Lines with their filter types.</param>
    /// <param name="pixels">Converts samples to pixels.</param>
    /// <param name="picture">A window of the image, all of which is written.</param>
    /// <exception cref="Engine.GpuCnnException">The data is cut short, or has an unknown filter.</exception>
    public void Read(PngHeader header, string name, Stream inflated, PngPixels pixels, Picture picture)
    {
        Window window = picture.Window;
        int longest = 1 + header.RowBytes(header.Width);
        byte* raw = _raw.Take(longest), line = _first.Take(longest), above = _second.Take(longest);
        foreach (PngPass pass in header.Passes)
        {
            int columns = pass.Columns(header.Width), rows = pass.Rows(header.Height);
            if (columns == 0) continue;
            int length = header.RowBytes(columns);
            // Clear the slack too: filters read whole vectors.
            new Span<byte>(above, length).Clear();
            for (int row = 0; row < rows; row++)
            {
                int y = pass.Y + row * pass.StepY;
                // Nothing below the window is needed; with a single pass, stop here.
                if (y >= window.Bottom && !header.Interlaced) return;
                int read = inflated.ReadAtLeast(new Span<byte>(raw, 1 + length), 1 + length, throwOnEndOfStream: false);
                if (read <= length)
                    throw DataFile.Damaged("PNG", name, $"{rows} rows of {columns} pixels", $"compressed data that ends in row {row}");
                if (!PngFilters.Undo(raw[0], raw + 1, above, line, length, header.FilterDistance))
                    throw DataFile.Damaged("PNG", name, "a filter type of 0 to 4", $"{raw[0]}");
                if (y >= window.Y && y < window.Bottom)
                {
                    ReadOnlySpan<byte> samples = new(line, length);
                    if (!header.Interlaced) pixels.Convert(samples, window.X, window.Width, picture.Row(y - window.Y));
                    else Scatter(pixels, samples, columns, pass, y, picture);
                }
                byte* free = above;
                above = line;
                line = free;
            }
        }
        // Reading past the end makes the stream check its Adler-32. Data beyond what the image needs is ignored.
        inflated.ReadByte();
    }

    /// <summary>Writes those pixels of a pass that lie in the window to their places in a row.</summary>
    private void Scatter(PngPixels pixels, ReadOnlySpan<byte> samples, int columns, PngPass pass, int y, Picture picture)
    {
        int pixel = picture.PixelBytes;
        Span<byte> packed = new(_packed.Take((long)columns * pixel), columns * pixel), row = picture.Row(y - picture.Y);
        pixels.Convert(samples, 0, columns, packed);
        for (int i = 0; i < columns; i++)
        {
            int x = pass.X + i * pass.StepX - picture.X;
            if ((uint)x < (uint)picture.Width) packed.Slice(i * pixel, pixel).CopyTo(row[(x * pixel)..]);
        }
    }

    public void Dispose()
    {
        _raw.Dispose();
        _first.Dispose();
        _second.Dispose();
        _packed.Dispose();
    }
}
