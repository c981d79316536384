using System.Buffers.Binary;

namespace GpuCnn.Data.Formats;

/// <summary>Short values in the first directory of a TIFF file (TIFF 6.0, section 2), which is what EXIF data is too.</summary>
internal static class TiffTags
{
    private const int OrientationTag = 0x0112, EntryBytes = 12, ShortType = 3;

    /// <summary>EXIF's orientation: 1 to 8, 1 where there is none or it is nonsense.</summary>
    public static int Orientation(ReadOnlySpan<byte> tiff) => Short(tiff, OrientationTag) is >= 1 and <= 8 and int value ? value : 1;

    /// <summary>The first short value of a tag; null where there is none.</summary>
    public static int? Short(ReadOnlySpan<byte> tiff, int tag)
    {
        if (tiff.Length < 8) return null;
        bool isBig;
        if (tiff.StartsWith("MM\0*"u8)) isBig = true;
        else if (tiff.StartsWith("II*\0"u8)) isBig = false;
        else return null;
        uint directory = isBig ? BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]);
        if (directory > tiff.Length - 2) return null;
        int count = Read16(tiff[(int)directory..], isBig);
        ReadOnlySpan<byte> entries = tiff[((int)directory + 2)..];
        for (; count > 0 && entries.Length >= EntryBytes; count--, entries = entries[EntryBytes..])
            if (Read16(entries, isBig) == tag) return Read16(entries[2..], isBig) == ShortType ? Read16(entries[8..], isBig) : null;
        return null;
    }

    private static int Read16(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
