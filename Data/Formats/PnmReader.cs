namespace GpuCnn.Data.Formats;

/// <summary>
/// PGM and PPM (https://netpbm.sourceforge.net/doc/pgm.html, ppm.html): P2, P3 as text, P5, P6 as bytes, comments, a maximum of up to
/// 65535; values are scaled to 0 .. 255 and rounded. Only the first image of a file is read.
/// </summary>
internal sealed class PnmReader : IImageDecoder
{
    public string Format => "PNM";

    public IReadOnlyList<string> Extensions => [".pgm", ".ppm", ".pnm"];

    public bool Matches(ReadOnlySpan<byte> content) =>
        content is [(byte)'P', (byte)'2' or (byte)'3' or (byte)'5' or (byte)'6',
            (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'#', ..];

    private PixelImage? _image;

    /// <inheritdoc/>
    public ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name)
    {
        _image = Decode(content.ToArray(), name);
        return new ImageHeader(Format, _image.Width, _image.Height, _image.Channels, _image.Channels == 1 ? "gray" : "RGB");
    }

    /// <inheritdoc/>
    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture) => picture.CopyFrom(_image!, window);

    public void Dispose() => _image = null;

    private PixelImage Decode(byte[] content, string name)
    {
        if (!Matches(content)) throw DataFile.Damaged("PNM", name, "P2, P3, P5 or P6", "another beginning");
        int kind = content[1] - '0', channels = kind is 3 or 6 ? 3 : 1;
        Scanner scanner = new(content, name) { Position = 2 };
        int width = scanner.NextNumber("a width"), height = scanner.NextNumber("a height");
        ImageLimits.Check("PNM", name, width, height);
        int maximum = scanner.NextNumber("a maximum");
        if (maximum is < 1 or > 65535) throw DataFile.Damaged("PNM", name, "a maximum of 1 to 65,535", $"{maximum}");

        bool isText = kind <= 3;
        long samples = (long)width * height * channels;
        // One white-space byte separates the header from bytes; a value written as text has a digit and, but for the last, a separator.
        int start = scanner.Position + (isText ? 0 : 1), bytesPerSample = maximum > 255 ? 2 : 1;
        long needed = isText ? 2 * samples - 1 : samples * bytesPerSample;
        if (content.Length - start < needed)
        {
            throw DataFile.Damaged(
                "PNM", name, $"at least {needed:N0} bytes for {width}x{height} pixels of {channels} channels",
                $"{Math.Max(0, content.Length - start):N0}");
        }
        if (!isText && !Scanner.IsSpace(content[scanner.Position]))
            throw DataFile.Damaged("PNM", name, "white space after the maximum", "none");

        PixelImage image = new(width, height, channels);
        byte[] pixels = image.Pixels;
        for (int i = 0; i < pixels.Length; i++)
        {
            int value = isText ? scanner.NextNumber("a value")
                : bytesPerSample == 1 ? content[start + i]
                : content[start + 2 * i] << 8 | content[start + 2 * i + 1];
            if (value > maximum) throw DataFile.Damaged("PNM", name, $"values of at most {maximum}", $"{value}");
            pixels[i] = (byte)((value * 255 + maximum / 2) / maximum);
        }
        return image;
    }

    /// <summary>Decimal numbers between white space and comments (from # to the end of the line).</summary>
    private sealed class Scanner(byte[] content, string name)
    {
        public int Position { get; set; }

        public static bool IsSpace(byte b) => b is (byte)' ' or >= 9 and <= 13;

        public int NextNumber(string what)
        {
            while (Position < content.Length && (IsSpace(content[Position]) || content[Position] == '#'))
            {
                if (content[Position] != '#') Position++;
                else while (Position < content.Length && content[Position] is not ((byte)'\n' or (byte)'\r')) Position++;
            }
            int first = Position, value = 0;
            for (; Position < content.Length && char.IsAsciiDigit((char)content[Position]); Position++)
            {
                value = value * 10 + (content[Position] - '0');
                if (value > 9_999_999) throw DataFile.Damaged("PNM", name, $"{what} of at most seven digits at byte {first:N0}", "more");
            }
            if (Position > first) return value;
            string got = Position < content.Length ? $"the byte {content[Position]:X2}" : "the end of the file";
            throw DataFile.Damaged("PNM", name, $"{what} at byte {Position:N0}", got);
        }
    }
}
