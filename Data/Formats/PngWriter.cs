using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Writes PNG, 8-bit gray or RGB, not interlaced. Each row uses the filter whose bytes, read as signed, have the smallest sum of magnitudes
/// (the heuristic of PNG section 12.7).
/// </summary>
internal sealed class PngWriter : IImageEncoder
{
    public IReadOnlyList<string> Extensions => [".png"];

    public byte[] Encode(PixelImage image, string extension) => Encode(image, CompressionLevel.Optimal);

    /// <summary>Encodes <paramref name="image"/> as a file, deflated at <paramref name="level"/>.</summary>
    public static byte[] Encode(PixelImage image, CompressionLevel level)
    {
        MemoryStream file = new();
        file.Write(PngReader.Signature);
        Span<byte> header = stackalloc byte[PngHeader.Length];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], image.Height);
        header[8] = 8;
        header[9] = (byte)(image.Channels == 1 ? PngColor.Gray : PngColor.Rgb);
        WriteChunk(file, "IHDR", header);

        MemoryStream compressed = new();
        using (ZLibStream deflate = new(compressed, level, leaveOpen: true)) WriteRows(deflate, image);
        WriteChunk(file, "IDAT", compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
        WriteChunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void WriteRows(Stream stream, PixelImage image)
    {
        int length = image.Width * image.Channels;
        ReadOnlySpan<byte> above = new byte[length];
        byte[] best = new byte[length + 1], candidate = new byte[length + 1];
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> row = image.Row(y);
            long least = long.MaxValue;
            for (byte type = 0; type <= 4; type++)
            {
                long cost = Filter(type, row, above, image.Channels, candidate);
                if (cost >= least) continue;
                least = cost;
                (best, candidate) = (candidate, best);
            }
            stream.Write(best);
            above = row;
        }
    }

    /// <summary>Writes the filter type and the filtered row; returns the sum of magnitudes.</summary>
    private static long Filter(byte type, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int distance, Span<byte> filtered)
    {
        filtered[0] = type;
        long cost = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int left = i < distance ? 0 : row[i - distance], upper = above[i], upperLeft = i < distance ? 0 : above[i - distance];
            int predicted = type switch
            {
                0 => 0,
                1 => left,
                2 => upper,
                3 => (left + upper) >> 1,
                _ => PngFilters.Paeth(left, upper, upperLeft),
            };
            byte value = (byte)(row[i] - predicted);
            filtered[i + 1] = value;
            cost += Math.Abs((int)(sbyte)value);
        }
        return cost;
    }

    private static void WriteChunk(Stream file, string type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32.Compute(chunk.AsSpan(4, 4 + data.Length)));
        file.Write(chunk);
    }
}
