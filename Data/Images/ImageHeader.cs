namespace GpuCnn.Data;

/// <summary>What the header of an image file says.</summary>
/// <param name="Format">The name people know the format by: "JPEG".</param>
/// <param name="Width">Columns, as the picture is shown.</param>
/// <param name="Height">Rows, as the picture is shown.</param>
/// <param name="Channels">1 (gray) or 3 (RGB) of the decoded picture.</param>
/// <param name="Mode">What the file holds, for people: "RGB", "gray", "palette", "CMYK", "RGB with alpha".</param>
public readonly record struct ImageHeader(string Format, int Width, int Height, int Channels, string Mode)
{
    /// <summary>
    /// EXIF's orientation, 1 to 8; 1 is upright, and what files without one have. Extents are those after it was applied, where it is.
    /// </summary>
    public int Orientation { get; init; } = 1;

    /// <summary>A flaw that spoils nothing, on one line ("it has no end marker (IEND)"); null is none.</summary>
    public string? Note { get; init; }
}
