using System.Buffers.Binary;
using GpuCnn.Tests.Onnx;

namespace GpuCnn.Tests.TensorBoard;

/// <summary>An event: field numbers are those of TensorFlow's event.proto.</summary>
internal sealed record LoggedEvent(double Time, long Step, ProtobufFields Fields)
{
    public IReadOnlyList<ProtobufFields> Values => Fields.Has(5) ? Fields.Message(5).Messages(1) : [];
}

/// <summary>A strict reader of event files: every length and every checksum is right, and nothing is left over.</summary>
internal static class EventReader
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(Entry)];

    /// <summary>The events of a folder's files in the order of their names, as TensorBoard reads them.</summary>
    public static IReadOnlyList<LoggedEvent> ReadFolder(string folder) =>
        [.. Directory.GetFiles(folder, "events.out.tfevents.*").Order(StringComparer.Ordinal).SelectMany(Read)];

    public static IReadOnlyList<LoggedEvent> Read(string path)
    {
        ReadOnlyMemory<byte> bytes = File.ReadAllBytes(path);
        List<LoggedEvent> events = [];
        for (int at = 0; at < bytes.Length;)
        {
            ReadOnlySpan<byte> rest = bytes.Span[at..];
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(rest));
            if (BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]) != Masked(rest[..8]))
                throw new InvalidDataException("a length is damaged");
            ReadOnlyMemory<byte> data = bytes.Slice(at + 12, length);
            if (BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]) != Masked(data.Span))
                throw new InvalidDataException("an event is damaged");
            var fields = new ProtobufFields(data);
            events.Add(new(fields.Double(1), fields.Has(2) ? fields.Integer(2) : 0, fields));
            at += 16 + length;
        }
        return events;
    }

    /// <summary>CRC-32C, bit by bit from its polynomial, masked.</summary>
    public static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes) crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    }

    private static uint Entry(int index)
    {
        uint value = (uint)index;
        for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) * 0x82f63b78u);
        return value;
    }
}
