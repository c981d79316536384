namespace GpuCnn.Data.Jpeg;

/// <summary>One component of a frame: luma, chroma, or a color.</summary>
internal unsafe struct JpegComponent
{
    /// <summary>The identifier that scans refer to.</summary>
    public int Id;

    /// <summary>Blocks per MCU, across and down.</summary>
    public int BlocksAcross, BlocksDown;

    /// <summary>Indexes of its tables.</summary>
    public int Quantisation, Dc, Ac;

    /// <summary>Extents in samples.</summary>
    public int Width, Height;

    /// <summary>Pixels per sample, across and down: 1, 2 or 4.</summary>
    public int ExpandX, ExpandY;

    /// <summary>The blocks that the window's pixels come from; the last ones are inclusive.</summary>
    public int FirstBlockX, LastBlockX, FirstBlockY, LastBlockY;

    /// <summary>The last DC value; the next one is coded as a difference to it.</summary>
    public int Prediction;

    /// <summary>
    /// Samples of the last two rows of MCUs. Row r is stored at row r modulo <see cref="Rows"/>, and sample x of a row at x -
    /// <see cref="FirstBlockX"/> · 8.
    /// </summary>
    public byte* Plane;

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride;

    /// <summary>Number of rows in the plane, a power of two.</summary>
    public int Rows;

    /// <summary>Row <paramref name="y"/>, addressed as if it began at the picture's left edge.</summary>
    public readonly byte* Row(int y) => Plane + (long)(y & (Rows - 1)) * Stride - 8L * FirstBlockX;

    /// <summary>
    /// Whether samples are interpolated across. This is libjpeg's fancy upsampling, which doubles rows of more than two samples.
    /// </summary>
    public readonly bool InterpolatesX => ExpandX == 2 && ExpandY <= 2 && Width > 2;

    /// <summary>Whether samples are interpolated down.</summary>
    public readonly bool InterpolatesY => ExpandY == 2 && (ExpandX == 1 || InterpolatesX);
}
