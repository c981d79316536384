using System.Buffers.Binary;

namespace GpuCnn.Data.Formats;

/// <summary>The IHDR chunk of a PNG file and what follows from it.</summary>
internal readonly record struct PngHeader(int Width, int Height, int BitDepth, PngColor Color, bool Interlaced)
{
    public const int Length = 13;

    /// <summary>Samples per pixel in the file.</summary>
    public int SamplesPerPixel => Color switch { PngColor.Rgb => 3, PngColor.GrayAlpha => 2, PngColor.RgbAlpha => 4, _ => 1 };

    /// <summary>Bytes between corresponding bytes of neighboring pixels, at least one (PNG section 9.2).</summary>
    public int FilterDistance => Math.Max(1, SamplesPerPixel * BitDepth / 8);

    /// <summary>Channels of the decoded image: gray stays gray, a palette becomes RGB.</summary>
    public int Channels => Color is PngColor.Gray or PngColor.GrayAlpha ? 1 : 3;

    /// <summary>Description of the pixels, for messages.</summary>
    public string Mode => Color switch
    {
        PngColor.Gray => "gray",
        PngColor.Rgb => "RGB",
        PngColor.Palette => "palette",
        PngColor.GrayAlpha => "gray with alpha",
        _ => "RGB with alpha",
    };

    /// <summary>Bytes of a scanline of <paramref name="width"/> pixels, without its filter type.</summary>
    public int RowBytes(int width) => (int)(((long)width * SamplesPerPixel * BitDepth + 7) / 8);

    /// <summary>The passes that the lines are stored in (section 8).</summary>
    public ReadOnlySpan<PngPass> Passes => Interlaced ? PngPass.Adam7 : PngPass.Whole;

    /// <summary>Bytes that the compressed data must decompress to.</summary>
    public long ScanlineBytes
    {
        get
        {
            long total = 0;
            foreach (PngPass pass in Passes)
                if (pass.Columns(Width) > 0) total += (long)pass.Rows(Height) * (1 + RowBytes(pass.Columns(Width)));
            return total;
        }
    }

    public static PngHeader Parse(ReadOnlySpan<byte> data, string name)
    {
        if (data.Length != Length) throw DataFile.Damaged("PNG", name, $"an IHDR chunk of {Length} bytes", $"{data.Length}");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(data), height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        ImageLimits.Check("PNG", name, width, height);
        int depth = data[8], color = data[9];
        bool known = color switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            2 or 4 or 6 => depth is 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            _ => false,
        };
        if (!known)
            throw DataFile.Damaged("PNG", name, "a color type and bit depth of the standard", $"color type {color} with {depth} bits");
        if (data[10] != 0 || data[11] != 0 || data[12] > 1)
            throw DataFile.Damaged("PNG", name, "compression 0, filter 0 and interlace 0 or 1", $"{data[10]}, {data[11]} and {data[12]}");
        return new PngHeader((int)width, (int)height, depth, (PngColor)color, data[12] == 1);
    }
}

/// <summary>
/// Every <see cref="StepX"/>-th pixel of every <see cref="StepY"/>-th row, starting at (<see cref="X"/>, <see cref="Y"/>).
/// </summary>
internal readonly record struct PngPass(int X, int Y, int StepX, int StepY)
{
    public static PngPass[] Whole { get; } = [new(0, 0, 1, 1)];

    public static PngPass[] Adam7 { get; } =
    [
        new(0, 0, 8, 8), new(4, 0, 8, 8), new(0, 4, 4, 8), new(2, 0, 4, 4), new(0, 2, 2, 4), new(1, 0, 2, 2), new(0, 1, 1, 2),
    ];

    public int Columns(int width) => (width - X + StepX - 1) / StepX;

    public int Rows(int height) => (height - Y + StepY - 1) / StepY;
}

/// <summary>Color types of PNG (section 11.2.2).</summary>
internal enum PngColor
{
    Gray = 0,
    Rgb = 2,
    Palette = 3,
    GrayAlpha = 4,
    RgbAlpha = 6,
}
