using System.Buffers.Binary;
using System.Runtime.InteropServices;
using GpuCnn.Engine.Tensors;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>
/// A safetensors file open for reading: <see cref="Open"/> reads and checks the header only, each tensor is read when it is asked
/// for. <see cref="Write"/> makes one. Format: https://github.com/huggingface/safetensors
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int ChunkBytes = 1 << 18;

    private readonly SafeFileHandle _handle;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        long length = RandomAccess.GetLength(handle);
        if (length < 8) throw Damaged("at least 8 bytes", $"{length}");
        Span<byte> prefix = stackalloc byte[8];
        ReadExactly(prefix, 0);
        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerBytes > SafetensorsHeader.MaxBytes || (long)headerBytes > length - 8)
            throw Damaged($"a header of at most {Math.Min(SafetensorsHeader.MaxBytes, length - 8)} bytes", $"{headerBytes}");
        var json = new byte[headerBytes];
        ReadExactly(json, 8);
        _dataStart = 8 + (long)headerBytes;
        _header = SafetensorsHeader.Parse(json, length - _dataStart, path);
    }

    public string Path { get; }

    /// <summary>All tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Ordered;

    /// <summary>The file's free text entries; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <exception cref="GpuCnnException">The file cannot be read or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (Directory.Exists(path)) throw new GpuCnnException($"Expected a safetensors file, but '{path}' is a folder. Name a file in it.");
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            return new SafetensorsFile(path, handle);
        }
        catch (Exception e)
        {
            handle?.Dispose();
            if (e is FileNotFoundException or DirectoryNotFoundException)
                throw new GpuCnnException($"Expected a safetensors file at '{path}', but found none. Check the path.", e);
            if (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException) throw Unreadable(path, e);
            throw;
        }
    }

    /// <summary>
    /// Writes float32 tensors, sorted by name, and metadata, sorted by key: the same input gives the same bytes. The data begins at
    /// a multiple of 8 bytes. The file appears whole or not at all (<see cref="AtomicFile"/>).
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
    /// Reads one tensor as float32. F16 and BF16 widen exactly; F64 is rounded to the nearest float32.
    /// </summary>
    /// <exception cref="GpuCnnException">No such tensor, not a float type, or the file cannot be read.</exception>
    public Tensor ReadTensor(string name)
    {
        SafetensorsEntry entry = Find(name);
        if (!entry.IsFloat)
            throw new GpuCnnException(
                $"Tensor {SafetensorsHeader.Quote(name)} of '{Path}' holds {entry.Type}; expected F32, F16, BF16 or F64. "
                + "Convert it to F32 first.");
        var dimensions = new int[entry.Shape.Count];
        for (int i = 0; i < dimensions.Length; i++)
        {
            if (entry.Shape[i] > Array.MaxLength) throw TooLarge(entry);
            dimensions[i] = (int)entry.Shape[i];
        }
        int elementBytes = SafetensorsEntry.BitsOfType[entry.Type] / 8;
        if (entry.ByteCount / elementBytes > Array.MaxLength) throw TooLarge(entry);
        var values = new float[entry.ByteCount / elementBytes];
        if (entry.Type == "F32" && BitConverter.IsLittleEndian) ReadFloats(values, _dataStart + entry.Begin);
        else ReadConverted(values, _dataStart + entry.Begin, entry.Type, elementBytes);
        return new Tensor(dimensions, values);
    }

    /// <summary>Reads the data of one tensor of any type as it is stored: little-endian, row-major.</summary>
    /// <exception cref="GpuCnnException">No such tensor, too large for an array, or the file cannot be read.</exception>
    public byte[] ReadBytes(string name)
    {
        SafetensorsEntry entry = Find(name);
        if (entry.ByteCount > Array.MaxLength) throw TooLarge(entry);
        var bytes = new byte[entry.ByteCount];
        ReadExactly(bytes, _dataStart + entry.Begin);
        return bytes;
    }

    public void Dispose() => _handle.Dispose();

    private static GpuCnnException Unreadable(string path, Exception e) =>
        new($"'{path}' cannot be read: {e.Message} Check the file and its permissions.", e);

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

    /// <summary>An array of more than 2 GB has no byte span over all of it, so slices of it are read.</summary>
    private void ReadFloats(float[] values, long offset)
    {
        const int slice = 1 << 24;
        for (int start = 0; start < values.Length; start += slice)
        {
            Span<float> part = values.AsSpan(start, Math.Min(slice, values.Length - start));
            ReadExactly(MemoryMarshal.AsBytes(part), offset + 4L * start);
        }
    }

    private void ReadConverted(float[] values, long offset, string type, int elementBytes)
    {
        Func<ReadOnlySpan<byte>, float> convert = type switch
        {
            "F16" => static bytes => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            "BF16" => static bytes => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
            "F64" => static bytes => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            _ => BinaryPrimitives.ReadSingleLittleEndian,
        };
        var chunk = new byte[(int)Math.Min(ChunkBytes, (long)values.Length * elementBytes)];
        int perChunk = ChunkBytes / elementBytes;
        for (int start = 0; start < values.Length; start += perChunk)
        {
            Span<float> to = values.AsSpan(start, Math.Min(perChunk, values.Length - start));
            Span<byte> from = chunk.AsSpan(0, to.Length * elementBytes);
            ReadExactly(from, offset + (long)start * elementBytes);
            for (int i = 0; i < to.Length; i++) to[i] = convert(from.Slice(i * elementBytes, elementBytes));
        }
    }

    private void ReadExactly(Span<byte> to, long offset)
    {
        while (!to.IsEmpty)
        {
            int count;
            try
            {
                count = RandomAccess.Read(_handle, to, offset);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Unreadable(Path, e);
            }
            // Only where another program shortened the file after its length was read.
            if (count == 0) throw Damaged($"data at byte {offset}", "the end of the file");
            to = to[count..];
            offset += count;
        }
    }
}
