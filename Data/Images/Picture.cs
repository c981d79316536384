namespace GpuCnn.Data;

/// <summary>
/// 8-bit pixels in memory that grows and is reused. Decoders fill it, the resampler reads and writes it, and transforms change it. Gray has
/// 1 byte a pixel. Color is RGBX, 4 bytes; the last byte is arbitrary. Belongs to one thread.
/// </summary>
/// <remarks>
/// It may be a window of a larger picture: (<see cref="X"/>, <see cref="Y"/>) is the position of its first pixel there.
/// </remarks>
public sealed unsafe class Picture : IDisposable
{
    private readonly ScratchBuffer _memory;

    public Picture() : this(ScratchSource.Default) { }

    internal Picture(ScratchSource source) => _memory = new ScratchBuffer(source);

    /// <summary>Columns; 0 before the first <see cref="Reset(int, int, int)"/>.</summary>
    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>1 (gray) or 3 (RGBX).</summary>
    public int Channels { get; private set; }

    /// <summary>Bytes from one pixel to the next: 1 or 4.</summary>
    public int PixelBytes => Channels == 1 ? 1 : 4;

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride => Width * PixelBytes;

    /// <summary>Column of the whole picture that the first column is.</summary>
    public int X { get; private set; }

    /// <summary>Row of the whole picture that the first row is.</summary>
    public int Y { get; private set; }

    /// <summary>The part of the whole picture that it holds.</summary>
    public Window Window => new(X, Y, Width, Height);

    /// <summary>The first pixel. <see cref="ScratchBuffer.Slack"/> bytes after the last row may be read and written.</summary>
    internal byte* Pixels { get; private set; }

    /// <summary>Row <paramref name="y"/> of this window: [Width, PixelBytes].</summary>
    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Height, nameof(y));
        return new Span<byte>(Pixels + (long)y * Stride, Stride);
    }

    /// <summary>Allocates a whole picture. Its pixels are arbitrary until they are written.</summary>
    public void Reset(int width, int height, int channels) => Reset(Window.Whole(width, height), channels);

    /// <summary>Allocates a window of a larger picture. Its pixels are arbitrary until they are written.</summary>
    public void Reset(Window window, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window.Width, nameof(window));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window.Height, nameof(window));
        if (channels is not (1 or 3)) throw new ArgumentOutOfRangeException(nameof(channels), channels, "A picture has 1 or 3 channels.");
        Pixels = _memory.Take((long)window.Width * window.Height * (channels == 1 ? 1 : 4));
        (X, Y, Width, Height, Channels) = (window.X, window.Y, window.Width, window.Height, channels);
    }

    /// <summary>Copies a window of an image, in the image's channels.</summary>
    public void CopyFrom(PixelImage image, Window window)
    {
        if (!window.LiesIn(Window.Whole(image.Width, image.Height)))
            throw new ArgumentOutOfRangeException(nameof(window), window, $"Expected a window within {image}.");
        Reset(window, image.Channels);
        for (int y = 0; y < window.Height; y++)
        {
            ReadOnlySpan<byte> source = image.Row(window.Y + y).Slice(window.X * image.Channels, window.Width * image.Channels);
            if (Channels == 1) source.CopyTo(Row(y));
            else PixelRows.RgbToRgbx(source, Row(y));
        }
    }

    /// <summary>Copies the pixels to an image, RGB or gray.</summary>
    public PixelImage ToImage()
    {
        PixelImage image = new(Width, Height, Channels);
        for (int y = 0; y < Height; y++)
        {
            if (Channels == 1) Row(y).CopyTo(image.Row(y));
            else PixelRows.RgbxToRgb(Row(y), image.Row(y));
        }
        return image;
    }

    /// <summary>Converts color to gray, as <see cref="PixelImage.ToGray"/> does.</summary>
    public void ToGray()
    {
        if (Channels == 1) return;
        // In place: a gray pixel never overtakes the color pixel that is read.
        PixelRows.RgbxToGray(new ReadOnlySpan<uint>(Pixels, Width * Height), new Span<byte>(Pixels, Width * Height));
        Channels = 1;
    }

    public void Dispose() => _memory.Dispose();

    public override string ToString() => $"{Width}x{Height} {(Channels == 1 ? "gray" : "RGB")}";
}
