namespace GpuCnn.Data;

/// <summary>A picture that is being changed, and memory for what cannot be done in place. Belongs to one thread.</summary>
public sealed class PictureCanvas : IDisposable
{
    /// <summary>The picture. Gray is 1 byte a pixel; colour is RGBX.</summary>
    public Picture Picture { get; private set; } = new();

    /// <summary>Anything, to be written by an operation.</summary>
    public Picture Spare { get; private set; } = new();

    /// <summary>All bytes of the picture, rows one after another.</summary>
    public Span<byte> Pixels => PixelsOf(Picture);

    /// <summary>[256 · 3] how often each value of each channel occurs.</summary>
    public int[] Counts { get; } = new int[256 * 3];

    /// <summary>[256 · 3] what each value of each channel becomes.</summary>
    public byte[] Table { get; } = new byte[256 * 3];

    /// <summary>A <see cref="Spare"/> of the picture's size and channels.</summary>
    public Picture Blank()
    {
        Spare.Reset(Picture.Width, Picture.Height, Picture.Channels);
        return Spare;
    }

    /// <summary>Makes <see cref="Spare"/> the picture.</summary>
    public void Swap() => (Picture, Spare) = (Spare, Picture);

    /// <summary>All bytes of a picture, rows one after another.</summary>
    internal static unsafe Span<byte> PixelsOf(Picture picture) => new(picture.Pixels, picture.Stride * picture.Height);

    public void Dispose()
    {
        Picture.Dispose();
        Spare.Dispose();
    }
}
