namespace GpuCnn.Data.Formats;

/// <summary>Scanlines of a PNG image: filters (PNG section 9) and Adam7 passes (section 8).</summary>
internal sealed class PngScanlines(PngHeader header, string name)
{
    private static readonly Pass[] Adam7 =
    [
        new(0, 0, 8, 8), new(4, 0, 8, 8), new(0, 4, 4, 8), new(2, 0, 4, 4), new(0, 2, 2, 4), new(1, 0, 2, 2), new(0, 1, 1, 2),
    ];

    private readonly Pass[] _passes = header.Interlaced ? Adam7 : [new(0, 0, 1, 1)];

    /// <summary>Bytes that the compressed data must give.</summary>
    public long TotalBytes
    {
        get
        {
            long total = 0;
            foreach (Pass pass in _passes)
                if (pass.Columns(header) > 0) total += (long)pass.Rows(header) * (1 + header.RowBytes(pass.Columns(header)));
            return total;
        }
    }

    /// <summary>Reads, unfilters and converts every scanline of every pass into <paramref name="image"/>.</summary>
    public void Read(Stream inflated, PngPixels pixels, PixelImage image)
    {
        int longest = 1 + header.RowBytes(header.Width);
        byte[] current = new byte[longest], previous = new byte[longest];
        byte[] packed = header.Interlaced ? new byte[header.Width * header.Channels] : [];
        foreach (Pass pass in _passes)
        {
            int columns = pass.Columns(header), rows = pass.Rows(header);
            if (columns == 0) continue;
            int length = 1 + header.RowBytes(columns);
            previous.AsSpan().Clear();
            for (int row = 0; row < rows; row++)
            {
                Span<byte> line = current.AsSpan(0, length);
                int read = inflated.ReadAtLeast(line, length, throwOnEndOfStream: false);
                if (read < length)
                    throw DataFile.Damaged("PNG", name, $"{rows} rows of {columns} pixels", $"compressed data that ends in row {row}");
                Unfilter(line[0], line[1..], previous.AsSpan(1, length - 1));
                int y = pass.Y + row * pass.StepY;
                if (!header.Interlaced)
                {
                    pixels.Convert(line[1..], columns, image.Row(y));
                }
                else
                {
                    pixels.Convert(line[1..], columns, packed);
                    Scatter(packed, columns, pass, image.Row(y));
                }
                (current, previous) = (previous, current);
            }
        }
        // Reading to the end makes the stream check its Adler-32.
        if (inflated.ReadByte() >= 0)
            throw DataFile.Damaged("PNG", name, $"{TotalBytes:N0} bytes of image data", "more");
    }

    private void Scatter(ReadOnlySpan<byte> packed, int columns, Pass pass, Span<byte> row)
    {
        int channels = header.Channels;
        for (int x = 0; x < columns; x++)
            packed.Slice(x * channels, channels).CopyTo(row[((pass.X + x * pass.StepX) * channels)..]);
    }

    private void Unfilter(byte type, Span<byte> line, ReadOnlySpan<byte> above)
    {
        int distance = header.FilterDistance;
        switch (type)
        {
            case 0:
                break;
            case 1:
                for (int i = distance; i < line.Length; i++) line[i] += line[i - distance];
                break;
            case 2:
                for (int i = 0; i < line.Length; i++) line[i] += above[i];
                break;
            case 3:
                for (int i = 0; i < line.Length; i++) line[i] += (byte)(((i < distance ? 0 : line[i - distance]) + above[i]) >> 1);
                break;
            case 4:
                for (int i = 0; i < line.Length; i++)
                    line[i] += i < distance ? above[i] : Paeth(line[i - distance], above[i], above[i - distance]);
                break;
            default:
                throw DataFile.Damaged("PNG", name, "a filter type of 0 to 4", $"{type}");
        }
    }

    /// <summary>Of the left, upper and upper left bytes the one nearest to left + upper - upper left.</summary>
    internal static byte Paeth(int left, int upper, int upperLeft)
    {
        int estimate = left + upper - upperLeft;
        int a = Math.Abs(estimate - left), b = Math.Abs(estimate - upper), c = Math.Abs(estimate - upperLeft);
        return (byte)(a <= b && a <= c ? left : b <= c ? upper : upperLeft);
    }

    /// <summary>
    /// Every <see cref="StepX"/>-th pixel of every <see cref="StepY"/>-th row, from (<see cref="X"/>, <see cref="Y"/>) on.
    /// </summary>
    private readonly record struct Pass(int X, int Y, int StepX, int StepY)
    {
        public int Columns(PngHeader header) => (header.Width - X + StepX - 1) / StepX;

        public int Rows(PngHeader header) => (header.Height - Y + StepY - 1) / StepY;
    }
}
