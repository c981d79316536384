using System.Buffers.Binary;

namespace GpuCnn.Data.Formats;

/// <summary>Reads whole numbers from the first directory of a TIFF file (TIFF 6.0, section 2). EXIF data has the same format.</summary>
internal static class TiffTags
{
    private const int OrientationTag = 0x0112, EntryBytes = 12, ShortType = 3, LongType = 4;

    /// <summary>EXIF's orientation, 1 to 8; 1 if it is missing or invalid.</summary>
    public static int Orientation(ReadOnlySpan<byte> tiff) => Short(tiff, OrientationTag) is >= 1 and <= 8 and int value ? value : 1;

    /// <summary>The first number of a tag; null if there is none, or it does not fit 16 bits.</summary>
    public static int? Short(ReadOnlySpan<byte> tiff, int tag) =>
        Find(tiff, tag) is { Count: > 0 } numbers && numbers[0] <= ushort.MaxValue ? (int)numbers[0] : null;

    /// <summary>The numbers of a tag of 16 or 32 bits, as far as they lie in the file; empty if there is no such tag.</summary>
    public static TiffNumbers Find(ReadOnlySpan<byte> tiff, int tag)
    {
        if (tiff.Length < 8) return default;
        bool isBig;
        if (tiff.StartsWith("MM\0*"u8)) isBig = true;
        else if (tiff.StartsWith("II*\0"u8)) isBig = false;
        else return default;
        uint directory = Read32(tiff[4..], isBig);
        if (directory > tiff.Length - 2) return default;
        int entries = Read16(tiff[(int)directory..], isBig);
        ReadOnlySpan<byte> entry = tiff[((int)directory + 2)..];
        for (; entries > 0 && entry.Length >= EntryBytes; entries--, entry = entry[EntryBytes..])
        {
            if (Read16(entry, isBig) != tag) continue;
            int type = Read16(entry[2..], isBig), bytes = type == ShortType ? 2 : 4;
            if (type is not (ShortType or LongType)) return default;
            // Up to four bytes are in the entry itself. For more, the entry holds their offset.
            long length = (long)Read32(entry[4..], isBig) * bytes;
            ReadOnlySpan<byte> values = entry[8..];
            if (length > 4)
            {
                uint offset = Read32(values, isBig);
                if (offset > tiff.Length) return default;
                values = tiff[(int)offset..];
            }
            return new TiffNumbers(values[..(int)Math.Min(length, values.Length)], bytes, isBig);
        }
        return default;
    }

    internal static int Read16(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    internal static uint Read32(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}

/// <summary>Numbers of 16 or 32 bits in a file.</summary>
internal readonly ref struct TiffNumbers(ReadOnlySpan<byte> values, int bytes, bool isBig)
{
    private readonly ReadOnlySpan<byte> _values = values;

    public int Count => bytes == 0 ? 0 : _values.Length / bytes;

    public long this[int index] => bytes == 2
        ? TiffTags.Read16(_values[(index * bytes)..], isBig)
        : TiffTags.Read32(_values[(index * bytes)..], isBig);
}
