using System.Buffers.Binary;
using System.Text;
using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>
/// The chunks of a PNG file that decide what it looks like (PNG section 5). Tolerates what libpng and Pillow tolerate: damaged or misplaced
/// ancillary chunks, and a missing end after complete image data. <see cref="Note"/> reports it.
/// </summary>
internal sealed class PngChunks
{
    /// <summary>Bytes of a chunk's length, type and checksum.</summary>
    private const int Overhead = 12;

    private readonly List<(int Start, int Length)> _data = [];

    public PngHeader Header { get; private set; }

    /// <summary>Position in the file of PLTE, [entries, 3].</summary>
    public Range Palette { get; private set; }

    /// <summary>Position in the file of the bytes of tRNS; empty if there is no such chunk.</summary>
    public Range Transparency { get; private set; }

    /// <summary>Positions in the file of the compressed bytes.</summary>
    public IReadOnlyList<(int Start, int Length)> Data => _data;

    public long CompressedBytes { get; private set; }

    /// <summary>EXIF's orientation.</summary>
    public int Orientation { get; private set; }

    /// <summary>The first harmless flaw.</summary>
    public string? Note { get; private set; }

    /// <exception cref="GpuCnnException">The file is damaged or cut short.</exception>
    public void Read(ReadOnlySpan<byte> content, string name)
    {
        _data.Clear();
        (Palette, Transparency, CompressedBytes, Orientation, Note) = (default, default, 0, 1, null);
        bool hasHeader = false, dataEnded = false;
        for (int position = PngReader.Signature.Length; ;)
        {
            if (!TryRead(content, position, name, out uint type, out int length))
            {
                // Other programs show pictures that lack only their end.
                if (_data.Count == 0)
                {
                    throw DataFile.Damaged(
                        "PNG", name, $"another chunk at byte {position:N0}, the last being IEND",
                            $"the end of the file at {content.Length:N0}");
                }
                Note ??= "it has no end (IEND)";
                break;
            }
            int start = position + 8;
            ReadOnlySpan<byte> data = content.Slice(start, length);
            bool isRight = HasRightChecksum(content, position, length), isAncillary = (type & 0x20000000) != 0;
            // Transparency may be missing, but not wrong: it decides what is seen.
            if (!isRight && (!isAncillary || type == Trns)) throw WrongChecksum(content, position, length, name);
            if (!isRight) Note ??= $"the checksum of its chunk {Text(type)} is wrong";
            position += Overhead + length;
            if (hasHeader == (type == Ihdr)) throw DataFile.Damaged("PNG", name, "one IHDR chunk, the first", $"a chunk {Text(type)}");
            dataEnded |= _data.Count > 0 && type != Idat;
            switch (type)
            {
                case Ihdr:
                    Header = PngHeader.Parse(data, name);
                    hasHeader = true;
                    break;
                case Idat when !dataEnded:
                    _data.Add((start, length));
                    CompressedBytes += length;
                    break;
                case Iend:
                    goto Ended;
                case Plte when !dataEnded:
                    Palette = start..(start + length);
                    break;
                case Trns when !dataEnded:
                    Transparency = start..(start + length);
                    break;
                case Exif when isRight:
                    Orientation = TiffTags.Orientation(data);
                    break;
                // Chunk types with a lower-case first letter are ancillary and may be skipped (section 5.4).
                case not (Idat or Plte) when !isAncillary:
                    throw DataFile.Damaged("PNG", name, "critical chunks of the standard", $"a chunk {Text(type)}");
            }
        }
    Ended:
        if (!hasHeader) throw DataFile.Damaged("PNG", name, "an IHDR chunk", "none");
        if (CompressedBytes == 0) throw DataFile.Damaged("PNG", name, "image data (IDAT)", "none");
    }

    private const uint Ihdr = 0x49484452, Idat = 0x49444154, Iend = 0x49454E44, Plte = 0x504C5445, Trns = 0x74524E53, Exif = 0x65584966;

    /// <summary>
    /// Reads the type and length of a chunk. False at the end of the file, and if the file breaks off after image data in a chunk of
    /// another type.
    /// </summary>
    private bool TryRead(ReadOnlySpan<byte> content, int position, string name, out uint type, out int length)
    {
        (type, length) = (0, 0);
        int rest = content.Length - position;
        if (rest < 8) return false;
        uint stated = BinaryPrimitives.ReadUInt32BigEndian(content[position..]);
        ReadOnlySpan<byte> letters = content.Slice(position + 4, 4);
        type = BinaryPrimitives.ReadUInt32BigEndian(letters);
        foreach (byte letter in letters)
        {
            if (char.IsAsciiLetter((char)letter)) continue;
            if (_data.Count > 0) return false;
            throw DataFile.Damaged("PNG", name, $"a chunk type of four letters at byte {position + 4:N0}", Convert.ToHexString(letters));
        }
        if (rest >= Overhead && stated <= rest - Overhead)
        {
            length = (int)stated;
            return true;
        }
        if (type != Idat && _data.Count > 0) return false;
        throw DataFile.Damaged(
            "PNG", name, $"{stated:N0} bytes of {Text(type)} at byte {position + 8:N0}", $"the end of the file at {content.Length:N0}");
    }

    private static bool HasRightChecksum(ReadOnlySpan<byte> content, int position, int length) =>
        Crc32.Compute(content.Slice(position + 4, 4 + length)) == BinaryPrimitives.ReadUInt32BigEndian(content[(position + 8 + length)..]);

    private static GpuCnnException WrongChecksum(ReadOnlySpan<byte> content, int position, int length, string name)
    {
        uint expected = BinaryPrimitives.ReadUInt32BigEndian(content[(position + 8 + length)..]);
        uint actual = Crc32.Compute(content.Slice(position + 4, 4 + length));
        string type = Encoding.ASCII.GetString(content.Slice(position + 4, 4));
        return DataFile.Damaged("PNG", name, $"checksum {expected:X8} of the chunk {type} at byte {position:N0}", $"{actual:X8}");
    }

    private static string Text(uint type) =>
        Encoding.ASCII.GetString([(byte)(type >> 24), (byte)(type >> 16), (byte)(type >> 8), (byte)type]);
}
