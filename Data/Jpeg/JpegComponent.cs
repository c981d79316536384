namespace GpuCnn.Data.Jpeg;

/// <summary>One component of a frame: luma, a chroma, a colour.</summary>
internal unsafe struct JpegComponent
{
    /// <summary>What scans call it by.</summary>
    public int Id;

    /// <summary>Blocks of an MCU, across and down.</summary>
    public int BlocksAcross, BlocksDown;

    /// <summary>Which tables it uses.</summary>
    public int Quantisation, Dc, Ac;

    /// <summary>Its own extents in samples.</summary>
    public int Width, Height;

    /// <summary>Pixels for one sample, across and down: 1, 2 or 4.</summary>
    public int ExpandX, ExpandY;

    /// <summary>Blocks that the window's pixels come from, the last ones included.</summary>
    public int FirstBlockX, LastBlockX, FirstBlockY, LastBlockY;

    /// <summary>The last DC value, which the next one is a difference to.</summary>
    public int Prediction;

    /// <summary>
    /// Samples of the last two rows of MCUs: row r lies at r modulo <see cref="Rows"/>. Sample x of a row lies at x -
    /// <see cref="FirstBlockX"/> · 8.
    /// </summary>
    public byte* Plane;

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride;

    /// <summary>Rows that the plane holds, a power of two.</summary>
    public int Rows;

    /// <summary>Row <paramref name="y"/>, as if it began at the picture's left edge.</summary>
    public readonly byte* Row(int y) => Plane + (long)(y & (Rows - 1)) * Stride - 8L * FirstBlockX;

    /// <summary>
    /// Whether samples are interpolated across: libjpeg's fancy upsampling, which is for twice as many pixels of more than two samples.
    /// </summary>
    public readonly bool InterpolatesX => ExpandX == 2 && ExpandY <= 2 && Width > 2;

    /// <summary>Whether samples are interpolated down.</summary>
    public readonly bool InterpolatesY => ExpandY == 2 && (ExpandX == 1 || InterpolatesX);
}
