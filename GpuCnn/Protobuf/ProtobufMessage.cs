using Google.Protobuf;

namespace GpuCnn.Protobuf;

/// <summary>
/// A protobuf message that is written, never read: fields by their numbers, in the order they are added. Its schema is the caller's. A
/// message that was added may still grow. Sizes are known before anything is written, so that large tensors are copied nowhere.
/// </summary>
internal sealed class ProtobufMessage
{
    private readonly List<Field> _fields = [];

    /// <summary>Bytes of the message without a length before it.</summary>
    public long Size => _fields.Sum(one => CodedOutputStream.ComputeTagSize(one.Number) + one.Size());

    public ProtobufMessage Add(int number, long value) => Add(
        number, WireFormat.WireType.Varint, () => CodedOutputStream.ComputeInt64Size(value), output => output.WriteInt64(value));

    public ProtobufMessage Add(int number, float value) => Add(
        number, WireFormat.WireType.Fixed32, () => sizeof(float), output => output.WriteFloat(value));

    public ProtobufMessage Add(int number, double value) => Add(
        number, WireFormat.WireType.Fixed64, () => sizeof(double), output => output.WriteDouble(value));

    /// <param name="text">Written as UTF-8.</param>
    public ProtobufMessage Add(int number, string text) => Add(
        number, WireFormat.WireType.LengthDelimited, () => CodedOutputStream.ComputeStringSize(text), output => output.WriteString(text));

    /// <param name="bytes">Not copied: it must stay as it is until the message is written.</param>
    public ProtobufMessage Add(int number, ReadOnlyMemory<byte> bytes) => Add(
        number, WireFormat.WireType.LengthDelimited, () => Prefixed(bytes.Length),
        output => output.WriteBytes(UnsafeByteOperations.UnsafeWrap(bytes)));

    public ProtobufMessage Add(int number, ProtobufMessage message) => Add(
        number, WireFormat.WireType.LengthDelimited, () => Prefixed(message.Size),
        output =>
        {
            output.WriteLength(checked((int)message.Size));
            message.WriteTo(output);
        });

    /// <summary>Adds a packed repeated field.</summary>
    public ProtobufMessage AddPacked(int number, IReadOnlyList<double> values) => Add(
        number, WireFormat.WireType.LengthDelimited, () => Prefixed(values.Count * (long)sizeof(double)),
        output =>
        {
            output.WriteLength(checked(values.Count * sizeof(double)));
            foreach (double value in values) output.WriteDouble(value);
        });

    /// <summary>Writes the message and leaves the stream open.</summary>
    public void WriteTo(Stream stream)
    {
        using var output = new CodedOutputStream(stream, leaveOpen: true);
        WriteTo(output);
    }

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        WriteTo(stream);
        return stream.ToArray();
    }

    private ProtobufMessage Add(int number, WireFormat.WireType type, Func<long> size, Action<CodedOutputStream> write)
    {
        _fields.Add(new(number, type, size, write));
        return this;
    }

    private void WriteTo(CodedOutputStream output)
    {
        foreach (Field one in _fields)
        {
            output.WriteTag(one.Number, one.Type);
            one.Write(output);
        }
    }

    private static long Prefixed(long length) => CodedOutputStream.ComputeInt64Size(length) + length;

    /// <param name="Size">Computes the bytes after the tag.</param>
    private sealed record Field(int Number, WireFormat.WireType Type, Func<long> Size, Action<CodedOutputStream> Write);
}
