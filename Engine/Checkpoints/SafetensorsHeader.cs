using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>
/// The JSON header of a safetensors file. It is checked against every rule of the format before any tensor data is read. Allocations are
/// proportional to the header's real size, whatever sizes it claims.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The reference implementation's limit. A larger header is an attack, not a model.</summary>
    public const int MaxBytes = 100_000_000;

    /// <summary>NumPy's limit; without one, a small file could ask for much memory.</summary>
    private const int MaxRank = 64;

    public const string MetadataKey = "__metadata__";

    private readonly string _path;
    private readonly Dictionary<string, SafetensorsEntry> _entries = [];
    private Dictionary<string, string>? _metadata;

    private SafetensorsHeader(string path) => _path = path;

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    /// <summary>Tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Ordered { get; private set; } = [];

    public IReadOnlyDictionary<string, string> Metadata => _metadata ?? [];

    /// <param name="json">The header's bytes, padding included.</param>
    /// <param name="dataBytes">Bytes of the file after the header.</param>
    /// <param name="path">For messages.</param>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataBytes, string path)
    {
        var header = new SafetensorsHeader(path);
        if (json.IsEmpty || json[0] != (byte)'{') throw header.Invalid("a header that begins with '{'", "another byte");
        if (!Utf8.IsValid(json)) throw header.Invalid("a header in UTF-8", "other bytes");
        var reader = new Utf8JsonReader(json);
        try
        {
            header.ReadObject(ref reader);
        }
        catch (JsonException e)
        {
            throw header.Invalid("a header in JSON", $"an error at its byte {reader.BytesConsumed}", e);
        }
        catch (InvalidOperationException e)
        {
            // The reader throws this for an escape that is half a character, such as \ud800.
            throw header.Invalid("a header in JSON", $"a string that is not text at its byte {reader.BytesConsumed}", e);
        }
        if (json[(int)reader.BytesConsumed..].ContainsAnyExcept((byte)' '))
            throw header.Invalid("nothing but spaces after the header's JSON", "other bytes");
        header.CheckCoverage(dataBytes);
        return header;
    }

    /// <summary>Quotes text from a file for a one-line message: shortened, control characters escaped.</summary>
    public static string Quote(string text)
    {
        const int shown = 80;
        var quoted = new StringBuilder("'");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, shown)))
        {
            if (char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029') quoted.Append($"\\u{(int)c:x4}");
            else quoted.Append(c);
        }
        return quoted.Append(text.Length > shown ? "…'" : "'").ToString();
    }

    public static string Describe(IReadOnlyList<long> shape) =>
        shape.Count <= 8 ? $"[{string.Join(", ", shape)}]" : $"[{string.Join(", ", shape.Take(8))}, … {shape.Count} dimensions]";

    private GpuCnnException Invalid(string expected, string got, Exception? inner = null)
    {
        string message = $"'{_path}' is not a valid safetensors file: expected {expected}, but got {got}. Download or export it again.";
        return inner is null ? new(message) : new(message, inner);
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey) ReadMetadata(ref reader);
            else if (!_entries.TryAdd(name, ReadEntry(ref reader, name)))
                throw Invalid("one tensor of each name", $"two named {Quote(name)}");
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (_metadata is not null) throw Invalid($"one {MetadataKey}", "two");
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Invalid($"{MetadataKey} to be an object of strings", $"{reader.TokenType}");
        _metadata = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Invalid($"a string as {MetadataKey} entry {Quote(key)}", $"{reader.TokenType}");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw Invalid($"one {MetadataKey} entry of each name", $"two named {Quote(key)}");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        string quoted = Quote(name);
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Invalid($"an object that describes tensor {quoted}", $"{reader.TokenType}");
        string? type = null;
        long[]? shape = null, range = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = reader.ValueTextEquals("dtype"u8), isShape = reader.ValueTextEquals("shape"u8);
            bool isRange = reader.ValueTextEquals("data_offsets"u8);
            reader.Read();
            if ((isType && type is not null) || (isShape && shape is not null) || (isRange && range is not null))
                throw Invalid($"one dtype, one shape and one data_offsets for tensor {quoted}", "one of them twice");
            if (isType) type = ReadType(ref reader, quoted);
            else if (isShape) shape = ReadSizes(ref reader, "shape", MaxRank, quoted);
            else if (isRange) range = ReadSizes(ref reader, "data_offsets", 2, quoted);
            // Unknown keys are skipped, as in the reference implementation, so that a later key does not make a file unreadable.
            else reader.Skip();
        }
        if (type is null || shape is null || range is null)
            throw Invalid($"dtype, shape and data_offsets for tensor {quoted}", "not all of them");
        if (range.Length != 2 || range[0] > range[1])
            throw Invalid($"data_offsets [begin, end] for tensor {quoted}", Describe(range));
        var entry = new SafetensorsEntry(name, type, shape, range[0], range[1]);
        CheckSize(entry, quoted);
        return entry;
    }

    private string ReadType(ref Utf8JsonReader reader, string quoted)
    {
        if (reader.TokenType != JsonTokenType.String) throw Invalid($"a string as dtype of tensor {quoted}", $"{reader.TokenType}");
        string type = reader.GetString()!;
        // Returns the table's own string, so that a million entries do not hold a million copies.
        return SafetensorsEntry.BitsOfType.Keys.FirstOrDefault(known => known == type)
            ?? throw Invalid($"dtype {string.Join(", ", SafetensorsEntry.BitsOfType.Keys.Order())} for tensor {quoted}", Quote(type));
    }

    private long[] ReadSizes(ref Utf8JsonReader reader, string what, int most, string quoted)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Invalid($"an array of integers as {what} of tensor {quoted}", $"{reader.TokenType}");
        Span<long> sizes = stackalloc long[MaxRank];
        int count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt64(out ulong size) || size > long.MaxValue)
                throw Invalid($"integers of 0 or more as {what} of tensor {quoted}", "something else");
            if (count == most) throw Invalid($"at most {most} integers as {what} of tensor {quoted}", "more");
            sizes[count++] = (long)size;
        }
        return sizes[..count].ToArray();
    }

    private void CheckSize(SafetensorsEntry entry, string quoted)
    {
        long bits = SafetensorsEntry.BitsOfType[entry.Type];
        try
        {
            foreach (long dimension in entry.Shape) bits = checked(bits * dimension);
        }
        catch (OverflowException e)
        {
            throw Invalid($"tensor {quoted} to fit a file", $"{entry.Type} {Describe(entry.Shape)}", e);
        }
        if (bits % 8 != 0 || bits / 8 != entry.ByteCount)
            throw Invalid(
                $"{bits / 8.0:0.#} bytes for tensor {quoted} of {entry.Type} {Describe(entry.Shape)}", $"a range of {entry.ByteCount}");
    }

    /// <summary>
    /// Checks that the ranges, in order, cover the data exactly: bytes that no tensor or two tensors claim could hide data.
    /// </summary>
    private void CheckCoverage(long dataBytes)
    {
        SafetensorsEntry[] ordered = [.. _entries.Values.OrderBy(e => e.Begin).ThenBy(e => e.End)];
        long position = 0;
        foreach (SafetensorsEntry entry in ordered)
        {
            if (entry.Begin != position)
                throw Invalid(
                    $"tensor {Quote(entry.Name)} at byte {position} of the data",
                    $"byte {entry.Begin}: the ranges {(entry.Begin < position ? "overlap" : "leave a hole")}");
            position = entry.End;
        }
        if (position != dataBytes) throw Invalid($"{position} bytes of data", $"{dataBytes}");
        Ordered = ordered;
    }
}
