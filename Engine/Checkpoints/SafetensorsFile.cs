using System.Buffers.Binary;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>
/// A safetensors file open for reading: <see cref="Open"/> reads and checks only the header, and each tensor is read on request. <see
/// cref="Write"/> creates a file. Format: https://github.com/huggingface/safetensors
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const string Kind = "a safetensors file";

    private readonly NumberFile _file;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsFile(NumberFile file)
    {
        _file = file;
        if (file.Length < 8) throw Damaged("at least 8 bytes", $"{file.Length}");
        Span<byte> prefix = stackalloc byte[8];
        file.ReadExactly(prefix, 0);
        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerBytes > SafetensorsHeader.MaxBytes || (long)headerBytes > file.Length - 8)
            throw Damaged($"a header of at most {Math.Min(SafetensorsHeader.MaxBytes, file.Length - 8)} bytes", $"{headerBytes}");
        var json = new byte[headerBytes];
        file.ReadExactly(json, 8);
        _dataStart = 8 + (long)headerBytes;
        _header = SafetensorsHeader.Parse(json, file.Length - _dataStart, Path);
    }

    public string Path => _file.Path;

    /// <summary>All tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Ordered;

    /// <summary>The file's free text entries; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <exception cref="GpuCnnException">The file cannot be read or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        NumberFile file = NumberFile.Open(path, Kind);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes float32 tensors, sorted by name, and metadata, sorted by key: the same input gives the same bytes. The data begins at a
    /// multiple of 8 bytes. Writes the whole file or nothing (<see cref="AtomicFile"/>).
    /// </summary>
    /// <exception cref="GpuCnnException">The file cannot be written.</exception>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var writer = new SafetensorsWriter(tensors, metadata);
        AtomicFile.Write(path, writer.WriteTo, writer.ByteCount);
    }

    public bool Contains(string name) => _header.Entries.ContainsKey(name);

    /// <summary>
    /// Reads one tensor as float32. F16 and BF16 widen exactly; F64 and integers round to the nearest float32.
    /// </summary>
    /// <exception cref="GpuCnnException">There is no such tensor, it is not numeric, or the file cannot be read.</exception>
    public Tensor ReadTensor(string name)
    {
        SafetensorsEntry entry = Find(name);
        if (!entry.IsNumeric)
            throw new GpuCnnException(
                $"Tensor {SafetensorsHeader.Quote(name)} of '{Path}' holds {entry.Type}; expected F32, F16, BF16, F64 or integers. "
                + "Convert it to F32 first.");
        var dimensions = new int[entry.Shape.Count];
        for (int i = 0; i < dimensions.Length; i++)
        {
            if (entry.Shape[i] > Array.MaxLength) throw TooLarge(entry);
            dimensions[i] = (int)entry.Shape[i];
        }
        int elementBytes = SafetensorsEntry.BitsOfType[entry.Type] / 8;
        if (entry.ByteCount / elementBytes > Array.MaxLength) throw TooLarge(entry);
        return new Tensor(dimensions, _file.ReadNumbers(_dataStart + entry.Begin, (int)(entry.ByteCount / elementBytes), entry.Type));
    }

    /// <summary>Reads the data of one tensor of any type as stored: little-endian, row-major.</summary>
    /// <exception cref="GpuCnnException">There is no such tensor, it is too large for an array, or the file cannot be read.</exception>
    public byte[] ReadBytes(string name)
    {
        SafetensorsEntry entry = Find(name);
        if (entry.ByteCount > Array.MaxLength) throw TooLarge(entry);
        var bytes = new byte[entry.ByteCount];
        _file.ReadExactly(bytes, _dataStart + entry.Begin);
        return bytes;
    }

    public void Dispose() => _file.Dispose();

    private SafetensorsEntry Find(string name)
    {
        if (_header.Entries.TryGetValue(name, out SafetensorsEntry? entry)) return entry;
        const int shown = 10;
        string known = string.Join(", ", Entries.Take(shown).Select(e => SafetensorsHeader.Quote(e.Name)));
        string rest = Entries.Count > shown ? $" and {Entries.Count - shown} more" : "";
        throw new GpuCnnException(
            $"'{Path}' holds no tensor {SafetensorsHeader.Quote(name)}; it holds {(known == "" ? "none" : known + rest)}. "
            + "Check that it is the right file.");
    }

    private GpuCnnException TooLarge(SafetensorsEntry entry) =>
        new($"Tensor {SafetensorsHeader.Quote(entry.Name)} of '{Path}' is {entry.Type} {SafetensorsHeader.Describe(entry.Shape)}; "
            + $"expected at most {Array.MaxLength} values. Split it into smaller tensors.");

    private GpuCnnException Damaged(string expected, string got) =>
        new($"'{Path}' is not a valid safetensors file: expected {expected}, but got {got}. Download or export it again.");
}
