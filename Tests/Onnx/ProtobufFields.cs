using System.Buffers.Binary;
using System.Text;

namespace GpuCnn.Tests.Onnx;

/// <summary>
/// A strict reader of protobuf messages, written without the library that the product writes them with: every byte belongs to a field, tags
/// and lengths are valid, and text is UTF-8.
/// </summary>
internal sealed class ProtobufFields
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<(int Number, int Type, ulong Value, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public ProtobufFields(ReadOnlyMemory<byte> message)
    {
        for (int at = 0; at < message.Length;)
        {
            ulong tag = Varint(message.Span, ref at);
            int number = checked((int)(tag >> 3)), type = (int)(tag & 7);
            if (number == 0) throw new InvalidDataException("a field has the number 0");
            switch (type)
            {
                case 0:
                    _fields.Add((number, type, Varint(message.Span, ref at), default));
                    break;
                case 1:
                    _fields.Add((number, type, BinaryPrimitives.ReadUInt64LittleEndian(message.Span.Slice(at, 8)), default));
                    at += 8;
                    break;
                case 2:
                    int length = checked((int)Varint(message.Span, ref at));
                    _fields.Add((number, type, 0, message.Slice(at, length)));
                    at += length;
                    break;
                case 5:
                    _fields.Add((number, type, BinaryPrimitives.ReadUInt32LittleEndian(message.Span.Slice(at, 4)), default));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"field {number} has the wire type {type}");
            }
        }
    }

    public IEnumerable<int> Numbers => _fields.Select(one => one.Number).Distinct();

    public IReadOnlyList<long> Integers(int number) => [.. Of(number, 0).Select(field => (long)field.Value)];

    public long Integer(int number) => Integers(number).Single();

    public float Float(int number) => BitConverter.UInt32BitsToSingle((uint)Of(number, 5).Single().Value);

    public double Double(int number) => BitConverter.UInt64BitsToDouble(Of(number, 1).Single().Value);

    public IReadOnlyList<double> PackedDoubles(int number)
    {
        ReadOnlyMemory<byte> bytes = Bytes(number);
        if (bytes.Length % 8 != 0) throw new InvalidDataException($"field {number} has {bytes.Length} bytes of doubles");
        return [.. Enumerable.Range(0, bytes.Length / 8).Select(i => BinaryPrimitives.ReadDoubleLittleEndian(bytes.Span[(8 * i)..]))];
    }

    public ReadOnlyMemory<byte> Bytes(int number) => Of(number, 2).Single().Bytes;

    public IReadOnlyList<string> Texts(int number) => [.. Of(number, 2).Select(field => Strict.GetString(field.Bytes.Span))];

    public string Text(int number) => Texts(number).Single();

    public IReadOnlyList<ProtobufFields> Messages(int number) => [.. Of(number, 2).Select(field => new ProtobufFields(field.Bytes))];

    public ProtobufFields Message(int number) => Messages(number).Single();

    public bool Has(int number) => _fields.Any(field => field.Number == number);

    private IEnumerable<(int Number, int Type, ulong Value, ReadOnlyMemory<byte> Bytes)> Of(int number, int type)
    {
        foreach (var field in _fields.Where(field => field.Number == number))
        {
            if (field.Type != type) throw new InvalidDataException($"field {number} has the wire type {field.Type}, not {type}");
            yield return field;
        }
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 127) << shift;
            if (next < 128) return value;
        }
        throw new InvalidDataException("a varint has more than 10 bytes");
    }
}
