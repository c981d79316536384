using System.Buffers.Binary;

namespace GpuCnn.Data.Formats;

/// <summary>
/// PGM and PPM (https://netpbm.sourceforge.net/doc/pgm.html, ppm.html): P2 and P3 as text, P5 and P6 as bytes, with comments and a maximum
/// of up to 65535. Values are scaled to 0 .. 255 and rounded. Only the first image of a file is read.
/// </summary>
internal sealed class PnmReader : IImageDecoder
{
    private int _width, _height, _channels, _maximum, _start;
    private bool _isText;

    public string Format => "PNM";

    public IReadOnlyList<string> Extensions => [".pgm", ".ppm", ".pnm"];

    public bool Matches(ReadOnlySpan<byte> content) =>
        content is [(byte)'P', (byte)'2' or (byte)'3' or (byte)'5' or (byte)'6',
            (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'#', ..];

    /// <inheritdoc/>
    public ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name)
    {
        int kind = content[1] - '0';
        Scanner scanner = new(content, name) { Position = 2 };
        (_width, _height) = (scanner.NextNumber("a width"), scanner.NextNumber("a height"));
        ImageLimits.Check("PNM", name, _width, _height);
        _maximum = scanner.NextNumber("a maximum");
        if (_maximum is < 1 or > 65535) throw DataFile.Damaged("PNM", name, "a maximum of 1 to 65,535", $"{_maximum}");
        (_channels, _isText) = (kind is 3 or 6 ? 3 : 1, kind <= 3);

        long samples = (long)_width * _height * _channels;
        // One white-space byte separates the header from bytes. A value written as text has at least one digit and, except the last, a
        // separator.
        _start = scanner.Position + (_isText ? 0 : 1);
        long needed = _isText ? 2 * samples - 1 : samples * BytesPerSample;
        if (content.Length - _start < needed)
        {
            throw DataFile.Damaged(
                "PNM", name, $"at least {needed:N0} bytes for {_width}x{_height} pixels of {_channels} channels",
                $"{Math.Max(0, content.Length - _start):N0}");
        }
        if (!_isText && !Scanner.IsSpace(content[scanner.Position]))
            throw DataFile.Damaged("PNM", name, "white space after the maximum", "none");
        return new ImageHeader(Format, _width, _height, _channels, _channels == 1 ? "gray" : "RGB");
    }

    /// <inheritdoc/>
    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture)
    {
        picture.Reset(window, _channels);
        Scanner scanner = new(content, name) { Position = _start };
        long row = (long)_width * _channels * BytesPerSample;
        for (int y = _isText ? 0 : window.Y; y < window.Bottom; y++)
        {
            if (!_isText && BytesPerSample == 1 && _maximum == 255)
            {
                ReadOnlySpan<byte> bytes = content.Slice(_start + (int)(y * row) + window.X * _channels, window.Width * _channels);
                if (_channels == 1) bytes.CopyTo(picture.Row(y - window.Y));
                else PixelRows.RgbToRgbx(bytes, picture.Row(y - window.Y));
                continue;
            }
            if (!_isText) scanner.Position = _start + (int)(y * row);
            ReadRow(ref scanner, y, window, picture);
        }
    }

    public void Dispose() { }

    private int BytesPerSample => _maximum > 255 ? 2 : 1;

    private void ReadRow(ref Scanner scanner, int y, Window window, Picture picture)
    {
        Span<byte> target = y >= window.Y ? picture.Row(y - window.Y) : default;
        for (int x = 0; x < _width; x++)
            for (int c = 0; c < _channels; c++)
            {
                int value = _isText ? scanner.NextNumber("a value") : scanner.NextSample(BytesPerSample);
                if (value > _maximum) throw DataFile.Damaged("PNM", scanner.Name, $"values of at most {_maximum}", $"{value}");
                if (target.IsEmpty || x < window.X || x >= window.Right) continue;
                target[(x - window.X) * picture.PixelBytes + c] = (byte)((value * 255 + _maximum / 2) / _maximum);
            }
    }

    /// <summary>Reads decimal numbers between white space and comments (from # to the end of the line), or bytes.</summary>
    private ref struct Scanner(ReadOnlySpan<byte> content, string name)
    {
        private readonly ReadOnlySpan<byte> _content = content;

        public string Name { get; } = name;

        public int Position { get; set; }

        public static bool IsSpace(byte b) => b is (byte)' ' or >= 9 and <= 13;

        public int NextSample(int bytes)
        {
            int value = bytes == 1 ? _content[Position] : BinaryPrimitives.ReadUInt16BigEndian(_content[Position..]);
            Position += bytes;
            return value;
        }

        public int NextNumber(string what)
        {
            ReadOnlySpan<byte> content = _content;
            while (Position < content.Length && (IsSpace(content[Position]) || content[Position] == '#'))
            {
                if (content[Position] != '#') Position++;
                else while (Position < content.Length && content[Position] is not ((byte)'\n' or (byte)'\r')) Position++;
            }
            int first = Position, value = 0;
            for (; Position < content.Length && char.IsAsciiDigit((char)content[Position]); Position++)
            {
                value = value * 10 + (content[Position] - '0');
                if (value > 9_999_999) throw DataFile.Damaged("PNM", Name, $"{what} of at most seven digits at byte {first:N0}", "more");
            }
            if (Position > first) return value;
            string got = Position < content.Length ? $"the byte {content[Position]:X2}" : "the end of the file";
            throw DataFile.Damaged("PNM", Name, $"{what} at byte {Position:N0}", got);
        }
    }
}
