namespace GpuCnn.Data;

/// <summary>What the header of an image file states.</summary>
/// <param name="Format">The format's common name: "JPEG".</param>
/// <param name="Width">Columns of the picture as shown.</param>
/// <param name="Height">Rows of the picture as shown.</param>
/// <param name="Channels">1 (gray) or 3 (RGB) of the decoded picture.</param>
/// <param name="Mode">Description of the pixels, for messages: "RGB", "gray", "palette", "CMYK", "RGB with alpha".</param>
public readonly record struct ImageHeader(string Format, int Width, int Height, int Channels, string Mode)
{
    /// <summary>
    /// EXIF's orientation, 1 to 8; 1 is upright, and the default of files without one. If it is applied, the extents are those afterwards.
    /// </summary>
    public int Orientation { get; init; } = 1;

    /// <summary>A harmless flaw, on one line ("it has no end marker (IEND)"), or null.</summary>
    public string? Note { get; init; }
}
