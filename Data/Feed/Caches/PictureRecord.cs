using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Data;

/// <summary>
/// A picture in a file of a <see cref="DiskCache"/>: a header of <see cref="HeaderBytes"/> bytes and the pixels, gray or RGB. The header:
/// magic, image, width, height, channels, stamp (16 bytes), checksum of the pixels (8), checksum of the preceding fields (4).
/// </summary>
internal readonly record struct PictureRecord(SafeFileHandle File, long Offset, int Width, int Height, int Channels, ImageStamp Stamp)
{
    public const int HeaderBytes = 48;

    /// <summary>Bytes of a file before its first record.</summary>
    public const int FileHeaderBytes = 64;

    private const uint Magic = 0x43504E47;

    private const int PixelSum = HeaderBytes - 12, HeaderSum = HeaderBytes - 4;

    public int Bytes => Width * Height * Channels;

    public void WriteHeader(int image, Span<byte> header, ReadOnlySpan<byte> pixels)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], image);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Width);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], Height);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], Channels);
        BinaryPrimitives.WriteInt64LittleEndian(header[20..], Stamp.Length);
        BinaryPrimitives.WriteInt64LittleEndian(header[28..], Stamp.Changed);
        BinaryPrimitives.WriteUInt64LittleEndian(header[PixelSum..], Checksum.Of(pixels));
        BinaryPrimitives.WriteUInt32LittleEndian(header[HeaderSum..], (uint)Checksum.Of(header[..HeaderSum]));
    }

    public static bool TryParse(SafeFileHandle file, ReadOnlySpan<byte> header, long offset, out int image, out PictureRecord entry)
    {
        int Number(ReadOnlySpan<byte> from) => BinaryPrimitives.ReadInt32LittleEndian(from);
        image = Number(header[4..]);
        entry = new PictureRecord(file, offset, Number(header[8..]), Number(header[12..]), Number(header[16..]),
            new ImageStamp(BinaryPrimitives.ReadInt64LittleEndian(header[20..]), BinaryPrimitives.ReadInt64LittleEndian(header[28..])));
        return BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderSum..]) == (uint)Checksum.Of(header[..HeaderSum]) && image >= 0
            && entry is { Width: > 0, Height: > 0, Channels: 1 or 3 }
            && (long)entry.Width * entry.Height * 3 < int.MaxValue - HeaderBytes;
    }

    public static bool IsIntact(ReadOnlySpan<byte> header, ReadOnlySpan<byte> pixels) =>
        BinaryPrimitives.ReadUInt64LittleEndian(header[PixelSum..]) == Checksum.Of(pixels);

    /// <summary>Finds the records of a file from a place on, and returns where they end or break off.</summary>
    /// <param name="length">Bytes of the file.</param>
    /// <param name="images">Images of the split.</param>
    /// <param name="found">Receives the image and the record; false ends the search before it.</param>
    public static long Scan(SafeFileHandle file, long from, long length, int images, Func<int, PictureRecord, bool> found)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        long at = from;
        while (at + HeaderBytes <= length && RandomAccess.Read(file, header, at) == header.Length
            && TryParse(file, header, at, out int image, out PictureRecord record) && image < images
            && at + HeaderBytes + record.Bytes <= length && found(image, record))
            at += HeaderBytes + record.Bytes;
        return at;
    }
}
