using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>Lays out a safetensors file of float32 tensors, then streams it directly from the tensors' arrays.</summary>
internal sealed class SafetensorsWriter
{
    private const int SliceLength = 1 << 20;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly KeyValuePair<string, Tensor>[] _tensors;
    private readonly byte[] _header;

    /// <exception cref="ArgumentException">
    /// Two tensors have one name, a name or text is not valid Unicode, or a tensor has the metadata's reserved name.
    /// </exception>
    public SafetensorsWriter(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        _tensors = [.. tensors.OrderBy(t => t.Key, StringComparer.Ordinal)];
        for (int i = 0; i < _tensors.Length; i++)
        {
            string name = _tensors[i].Key;
            if (name == SafetensorsHeader.MetadataKey) throw new ArgumentException($"'{name}' is reserved and cannot name a tensor.");
            if (i > 0 && _tensors[i - 1].Key == name) throw new ArgumentException($"Expected one tensor named '{name}', but got two.");
        }
        _header = Header(metadata, out long dataBytes);
        ByteCount = _header.Length + dataBytes;
    }

    /// <summary>Size of the whole file.</summary>
    public long ByteCount { get; }

    public void WriteTo(Stream stream)
    {
        stream.Write(_header);
        byte[] swapped = BitConverter.IsLittleEndian ? [] : new byte[4 * SliceLength];
        foreach ((_, Tensor tensor) in _tensors)
        {
            for (int start = 0; start < tensor.Values.Length; start += SliceLength)
            {
                ReadOnlySpan<float> slice = tensor.Values.AsSpan(start, Math.Min(SliceLength, tensor.Values.Length - start));
                ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(slice);
                if (!BitConverter.IsLittleEndian)
                {
                    Span<byte> target = swapped.AsSpan(0, bytes.Length);
                    BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, uint>(bytes), MemoryMarshal.Cast<byte, uint>(target));
                    bytes = target;
                }
                stream.Write(bytes);
            }
        }
    }

    private static string Checked(string text)
    {
        try
        {
            StrictUtf8.GetByteCount(text);
            return text;
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"Expected valid Unicode text, but got {SafetensorsHeader.Quote(text)}.", e);
        }
    }

    /// <summary>Builds the length, the JSON and the padding.</summary>
    private byte[] Header(IReadOnlyDictionary<string, string>? metadata, out long dataBytes)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(stackalloc byte[8]);
        // Relaxed escaping keeps names readable in the file. What it leaves unescaped matters only for JSON inside HTML.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 }) WriteMetadata(json, metadata);
            dataBytes = 0;
            foreach ((string name, Tensor tensor) in _tensors) WriteEntry(json, name, tensor, ref dataBytes);
            json.WriteEndObject();
        }
        int padding = -buffer.WrittenCount & 7;
        buffer.Write("        "u8[..padding]);
        byte[] bytes = buffer.WrittenSpan.ToArray();
        if (bytes.Length - 8 > SafetensorsHeader.MaxBytes)
            throw new ArgumentException($"Expected a header of at most {SafetensorsHeader.MaxBytes} bytes, but got {bytes.Length - 8}.");
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - 8);
        return bytes;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
            json.WriteString(Checked(key), Checked(value));
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, string name, Tensor tensor, ref long position)
    {
        json.WriteStartObject(Checked(name));
        json.WriteString("dtype"u8, "F32"u8);
        json.WriteStartArray("shape"u8);
        foreach (int dimension in tensor.Dimensions) json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets"u8);
        json.WriteNumberValue(position);
        position += 4L * tensor.Values.Length;
        json.WriteNumberValue(position);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
