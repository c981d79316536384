using System.Buffers.Binary;
using System.IO.Compression;
using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>
/// An array of unsigned bytes in IDX format (http://yann.lecun.com/exdb/mnist, section "the IDX file format"), plain or gzip.
/// </summary>
/// <param name="Dimensions">The extents, outermost first.</param>
/// <param name="Values">The elements, the last dimension varying fastest.</param>
internal sealed record IdxArray(IReadOnlyList<int> Dimensions, byte[] Values);

/// <summary>Reads IDX files. The content, not the name, decides whether a file is compressed.</summary>
internal static class IdxReader
{
    private const int GzipTrailer = 8;

    /// <summary>Deflate cannot expand by more than 1032 to 1.</summary>
    private const long LargestExpansion = 1040;

    /// <summary>Reads images: rank 3 [N, H, W], or rank 4 [N, H, W, C] with 1 or 3 channels.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or does not hold images.</exception>
    public static IdxArray ReadImages(string path)
    {
        IdxArray images = Read(path);
        IReadOnlyList<int> d = images.Dimensions;
        if (d.Count == 3 || (d.Count == 4 && d[3] is 1 or 3))
        {
            ImageLimits.Check("IDX", path, d[2], d[1]);
            return images;
        }
        throw new GpuCnnException(
            $"IDX {DataFile.Quote(path)}: expected images [N, H, W] or [N, H, W, 1 or 3], but got [{string.Join(", ", d)}]; " +
            "is this the labels file?");
    }

    /// <summary>Reads labels: rank 1 [N].</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, is damaged, or does not hold labels.</exception>
    public static byte[] ReadLabels(string path)
    {
        IdxArray labels = Read(path);
        if (labels.Dimensions.Count == 1) return labels.Values;
        throw new GpuCnnException(
            $"IDX {DataFile.Quote(path)}: expected labels [N], but got [{string.Join(", ", labels.Dimensions)}]; is this the images file?");
    }

    /// <summary>Reads an array of rank 1 to 4.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read or is damaged.</exception>
    public static IdxArray Read(string path) => Decode(DataFile.ReadAllBytes(path), path);

    /// <summary>Decodes the content of a file. <paramref name="name"/> is the path for messages.</summary>
    /// <exception cref="GpuCnnException">The content is damaged.</exception>
    public static IdxArray Decode(byte[] content, string name)
    {
        if (content is not [0x1F, 0x8B, ..]) return Decode(new MemoryStream(content), content.Length, null, name);
        try
        {
            using GZipStream inflated = new(new MemoryStream(content), CompressionMode.Decompress);
            return Decode(inflated, content.Length * LargestExpansion, content, name);
        }
        catch (InvalidDataException e)
        {
            throw DataFile.Damaged("IDX", name, "gzip data", "data that does not decompress", e);
        }
    }

    private static IdxArray Decode(Stream stream, long largestLength, byte[]? gzip, string name)
    {
        byte[] header = new byte[4 + 4 * 4];
        Fill(stream, header.AsSpan(0, 4), "a header of 4 bytes");
        int rank = header[3];
        if (header[0] != 0 || header[1] != 0 || header[2] != 8 || rank is < 1 or > 4)
            throw DataFile.Damaged("IDX", name, "the magic 00 00 08 (unsigned bytes) and a rank of 1 to 4",
                Convert.ToHexString(header.AsSpan(0, 4)));
        Fill(stream, header.AsSpan(4, 4 * rank), $"{rank} dimensions");

        int[] dimensions = new int[rank];
        long length = 1;
        for (int i = 0; i < rank; i++)
        {
            dimensions[i] = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4 + 4 * i));
            if (dimensions[i] <= 0) throw DataFile.Damaged("IDX", name, "positive dimensions", $"{dimensions[i]}");
            length *= dimensions[i];
            if (length > Array.MaxLength) throw DataFile.Damaged("IDX", name, $"at most {Array.MaxLength:N0} values", "more");
        }
        if (length > largestLength)
            throw DataFile.Damaged("IDX", name, $"[{string.Join(", ", dimensions)}] = {length:N0} values", "a file too short to hold them");

        byte[] values = new byte[length];
        Fill(stream, values, $"[{string.Join(", ", dimensions)}] = {length:N0} values");
        if (stream.ReadByte() >= 0) throw DataFile.Damaged("IDX", name, $"[{string.Join(", ", dimensions)}] = {length:N0} values", "more");
        if (gzip is not null) CheckTrailer(header.AsSpan(0, 4 + 4 * rank), values, gzip, name);
        return new IdxArray(dimensions, values);

        void Fill(Stream source, Span<byte> target, string expected)
        {
            int read = source.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
            if (read < target.Length) throw DataFile.Damaged("IDX", name, expected, $"{read:N0} bytes");
        }
    }

    /// <summary>
    /// Checks the gzip trailer, the checksum and length of the data (RFC 1952). GZipStream takes the end of the file for the end of a
    /// member, so only the trailer reveals a file that is cut short. GZipStream checks earlier members when the next one begins. Zero bytes
    /// may follow, as tapes pad with them.
    /// </summary>
    private static void CheckTrailer(ReadOnlySpan<byte> header, byte[] values, byte[] gzip, string name)
    {
        byte[] inflated = [.. header, .. values];
        for (int end = gzip.Length; end >= GzipTrailer; end--)
        {
            ReadOnlySpan<byte> trailer = gzip.AsSpan(end - GzipTrailer, GzipTrailer);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]);
            if (length > 0 && length <= inflated.Length
                && Crc32.Compute(inflated.AsSpan(inflated.Length - (int)length)) == BinaryPrimitives.ReadUInt32LittleEndian(
                    trailer)) return;
            if (gzip[end - 1] != 0) break;
        }
        throw DataFile.Damaged("IDX", name, $"a gzip trailer for the last of {inflated.Length:N0} bytes", "none");
    }
}
