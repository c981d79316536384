using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// An 8-bit image: rows from the top, pixels from the left, channels interleaved (HWC), gray or RGB, not premultiplied, no alpha.
/// </summary>
public sealed class PixelImage
{
    /// <summary>Longest side. Every decoder refuses a longer one before anything is allocated.</summary>
    public const int LargestSide = 65_535;

    /// <summary>Largest number of pixels. Every decoder refuses more before anything is allocated; RGBX of them takes 512 MiB.</summary>
    public const int LargestArea = 1 << 27;

    /// <param name="width">Columns, positive.</param>
    /// <param name="height">Rows, positive.</param>
    /// <param name="channels">1 (gray) or 3 (RGB).</param>
    /// <param name="pixels">[height, width, channels].</param>
    /// <exception cref="ArgumentException">The extents do not describe <paramref name="pixels"/>.</exception>
    public PixelImage(int width, int height, int channels, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (channels is not (1 or 3)) throw new ArgumentOutOfRangeException(nameof(channels), channels, "An image has 1 or 3 channels.");
        if ((long)width * height * channels != pixels.Length)
            throw new ArgumentException(
                $"Expected {(long)width * height * channels} bytes for an image of {width}x{height} with {channels} channels, " +
                $"but got {pixels.Length}.", nameof(pixels));
        Width = width;
        Height = height;
        Channels = channels;
        Pixels = pixels;
    }

    /// <summary>Creates a black image.</summary>
    public PixelImage(int width, int height, int channels) : this(width, height, channels, new byte[checked(width * height * channels)]) { }

    public int Width { get; }

    public int Height { get; }

    /// <summary>1 (gray) or 3 (RGB).</summary>
    public int Channels { get; }

    /// <summary>[Height, Width, Channels].</summary>
    public byte[] Pixels { get; }

    /// <summary>Row <paramref name="y"/>: [Width, Channels].</summary>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * Channels, Width * Channels);

    /// <summary>
    /// Converts to luma of Rec. 601 (0.299 R + 0.587 G + 0.114 B in 16-bit fixed point, as PIL's "L"). Returns a gray image itself.
    /// </summary>
    public PixelImage ToGray()
    {
        if (Channels == 1) return this;
        byte[] gray = new byte[Width * Height];
        for (int i = 0, p = 0; i < gray.Length; i++, p += 3)
            gray[i] = (byte)((Pixels[p] * 19595 + Pixels[p + 1] * 38470 + Pixels[p + 2] * 7471 + 0x8000) >> 16);
        return new PixelImage(Width, Height, 1, gray);
    }

    /// <summary>Repeats the gray value in all three channels. Returns an RGB image itself.</summary>
    public PixelImage ToRgb()
    {
        if (Channels == 3) return this;
        byte[] rgb = new byte[checked(Pixels.Length * 3)];
        for (int i = 0, p = 0; i < Pixels.Length; i++, p += 3) rgb[p] = rgb[p + 1] = rgb[p + 2] = Pixels[i];
        return new PixelImage(Width, Height, 3, rgb);
    }

    /// <summary>Converts to <paramref name="channels"/> (1 or 3) channels.</summary>
    public PixelImage WithChannels(int channels) => channels switch
    {
        1 => ToGray(),
        3 => ToRgb(),
        _ => throw new GpuCnnException(
            $"An image expects 1 (gray) or 3 (RGB) channels, but got {channels}; choose an input of 1xHxW or 3xHxW."),
    };

    /// <summary>
    /// Cuts out the window of <paramref name="width"/> by <paramref name="height"/> pixels whose top left corner is at
    /// (<paramref name="left"/>, <paramref name="top"/>). Pixels outside the image are black: a crop, a pad, or both.
    /// </summary>
    public PixelImage Window(int left, int top, int width, int height)
    {
        PixelImage window = new(width, height, Channels);
        int firstX = Math.Max(0, -left), endX = (int)Math.Min(width, (long)Width - left);
        int firstY = Math.Max(0, -top), endY = (int)Math.Min(height, (long)Height - top);
        if (firstX >= endX) return window;
        for (int y = firstY; y < endY; y++)
            Row(top + y).Slice((left + firstX) * Channels, (endX - firstX) * Channels).CopyTo(window.Row(y)[(firstX * Channels)..]);
        return window;
    }

    /// <summary>Scales to <paramref name="width"/> by <paramref name="height"/>; see <see cref="Resampler"/>.</summary>
    public PixelImage Resize(int width, int height) =>
        width == Width && height == Height ? this : Resize(Scaling.Of(Data.Window.Whole(Width, Height), width, height));

    /// <summary>Scales bilinearly and returns the part that <paramref name="scaling"/> selects.</summary>
    public PixelImage Resize(in Scaling scaling)
    {
        using Resampler resampler = new();
        using Picture source = new(), target = new();
        source.CopyFrom(this, resampler.Prepare(scaling, Interpolation.Bilinear));
        resampler.Resize(source, isMirrored: false, Channels, target);
        return target.ToImage();
    }

    public override string ToString() => $"{Width}x{Height} {(Channels == 1 ? "gray" : "RGB")}";
}
