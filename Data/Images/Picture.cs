namespace GpuCnn.Data;

/// <summary>
/// 8-bit pixels in memory that grows and is used again: what decoders fill, the resampler reads and writes, and transforms change. Gray
/// is 1 byte a pixel; colour is RGBX, 4 bytes, of which the last may hold anything. Belongs to one thread.
/// </summary>
/// <remarks>
/// It may be a window of a larger picture: (<see cref="X"/>, <see cref="Y"/>) is where its first pixel lies there.
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

    /// <summary>The column of the whole picture that the first column is.</summary>
    public int X { get; private set; }

    /// <summary>The row of the whole picture that the first row is.</summary>
    public int Y { get; private set; }

    /// <summary>Which part of the whole picture it holds.</summary>
    public Window Window => new(X, Y, Width, Height);

    /// <summary>The first pixel. <see cref="ScratchBuffer.Slack"/> bytes behind the last row may be read and written.</summary>
    internal byte* Pixels { get; private set; }

    /// <summary>Row <paramref name="y"/> of those that are here: [Width, PixelBytes].</summary>
    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Height, nameof(y));
        return new Span<byte>(Pixels + (long)y * Stride, Stride);
    }

    /// <summary>Makes room for a whole picture. Its pixels hold anything until they are written.</summary>
    public void Reset(int width, int height, int channels) => Reset(Window.Whole(width, height), channels);

    /// <summary>Makes room for a window of a larger picture. Its pixels hold anything until they are written.</summary>
    public void Reset(Window window, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window.Width, nameof(window));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window.Height, nameof(window));
        if (channels is not (1 or 3)) throw new ArgumentOutOfRangeException(nameof(channels), channels, "A picture has 1 or 3 channels.");
        Pixels = _memory.Take((long)window.Width * window.Height * (channels == 1 ? 1 : 4));
        (X, Y, Width, Height, Channels) = (window.X, window.Y, window.Width, window.Height, channels);
    }

    /// <summary>Takes over a window of an image, in its own channels.</summary>
    public void CopyFrom(PixelImage image, Window window)
    {
        if (!window.LiesIn(Window.Whole(image.Width, image.Height)))
            throw new ArgumentOutOfRangeException(nameof(window), window, $"The window leaves {image}.");
        Reset(window, image.Channels);
        for (int y = 0; y < window.Height; y++)
        {
            ReadOnlySpan<byte> source = image.Row(window.Y + y).Slice(window.X * image.Channels, window.Width * image.Channels);
            if (Channels == 1) source.CopyTo(Row(y));
            else PixelRows.RgbToRgbx(source, Row(y));
        }
    }

    /// <summary>A copy that owns its bytes, RGB or gray.</summary>
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

    /// <summary>Makes colour gray, as <see cref="PixelImage.ToGray"/>; leaves gray alone.</summary>
    public void ToGray()
    {
        if (Channels == 1) return;
        // In place: a gray pixel is written behind the colour that is read.
        PixelRows.RgbxToGray(new ReadOnlySpan<uint>(Pixels, Width * Height), new Span<byte>(Pixels, Width * Height));
        Channels = 1;
    }

    public void Dispose() => _memory.Dispose();

    public override string ToString() => $"{Width}x{Height} {(Channels == 1 ? "gray" : "RGB")}";
}
