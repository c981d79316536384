using System.Buffers.Binary;
using System.Numerics;

namespace GpuCnn.TensorBoard;

/// <summary>
/// The checksum of TFRecord files: CRC-32C (Castagnoli), rotated right by 15 bits, plus a constant, so that the checksum of data that holds
/// checksums is no worse.
/// </summary>
internal static class MaskedChecksum
{
    private const uint Delta = 0xa282ead8;

    public static uint Of(ReadOnlySpan<byte> bytes) => BitOperations.RotateRight(Crc(bytes), 15) + Delta;

    /// <summary>CRC-32C without the mask.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
