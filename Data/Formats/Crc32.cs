using System.Buffers.Binary;

namespace GpuCnn.Data.Formats;

/// <summary>
/// The CRC of PNG chunks and gzip members: polynomial 0xEDB88320, reflected (ISO 3309; PNG annex D), eight bytes at a time.
/// </summary>
internal static class Crc32
{
    private const int Slices = 8;

    /// <summary>[8, 256]: the effect of a byte on the remainder if 0 to 7 more bytes follow.</summary>
    private static readonly uint[] Table = MakeTable();

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFFFFFF;
        ReadOnlySpan<uint> t = Table;
        for (; bytes.Length >= Slices; bytes = bytes[Slices..])
        {
            ulong eight = BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ crc;
            crc = t[7 * 256 + (byte)eight] ^ t[6 * 256 + (byte)(eight >> 8)] ^ t[5 * 256 + (byte)(eight >> 16)]
                ^ t[4 * 256 + (byte)(eight >> 24)] ^ t[3 * 256 + (byte)(eight >> 32)] ^ t[2 * 256 + (byte)(eight >> 40)]
                ^ t[256 + (byte)(eight >> 48)] ^ t[(byte)(eight >> 56)];
        }
        foreach (byte b in bytes) crc = t[(byte)(crc ^ b)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[Slices * 256];
        for (uint n = 0; n < 256; n++)
        {
            uint c = n;
            for (int bit = 0; bit < 8; bit++) c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            table[n] = c;
        }
        for (int i = 256; i < table.Length; i++) table[i] = table[(byte)table[i - 256]] ^ (table[i - 256] >> 8);
        return table;
    }
}
