using System.Runtime.InteropServices;
using GpuCnn.Engine.Files;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>Reads little-endian numbers at any offset of a file as float32.</summary>
internal sealed class NumberFile : IDisposable
{
    private const int ChunkBytes = 1 << 18;

    private readonly SafeFileHandle _handle;

    private NumberFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    public string Path { get; }

    /// <summary>Size in bytes when the file was opened.</summary>
    public long Length { get; }

    /// <param name="kind">Expected kind of file, for messages: "a safetensors file".</param>
    /// <exception cref="GpuCnnException">The file does not exist or cannot be read.</exception>
    public static NumberFile Open(string path, string kind)
    {
        if (Directory.Exists(path)) throw new GpuCnnException($"Expected {kind}, but '{path}' is a folder. Name a file in it.");
        if (RegularFile.IsEmpty(path))
            throw new GpuCnnException($"Expected {kind}, but '{path}' is an empty file, a pipe or a device, "
                + "without the at least 8 bytes that it begins with. Copy the file again, or to disk.");
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            return new NumberFile(path, handle);
        }
        catch (Exception e)
        {
            handle?.Dispose();
            if (e is FileNotFoundException or DirectoryNotFoundException)
                throw new GpuCnnException(
                    $"Expected {kind} at '{path}', but found none. "
                    + (RegularFile.WhyMissing(path) is { } why ? $"Note that {why}." : "Check the path."), e);
            if (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException) throw Unreadable(path, e);
            throw;
        }
    }

    public void ReadExactly(Span<byte> to, long offset)
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
            // Happens only if another program shortens the file after its length was read.
            if (count == 0)
                throw new GpuCnnException(
                    $"'{Path}' is cut short: expected data at byte {offset}, but got the end of the file. Download or export it again.");
            to = to[count..];
            offset += count;
        }
    }

    /// <summary>Reads numbers of a type that <see cref="StoredNumbers"/> knows, as float32.</summary>
    public float[] ReadNumbers(long offset, int count, string type)
    {
        var values = new float[count];
        if (type == "F32" && BitConverter.IsLittleEndian) ReadFloats(values, offset);
        else ReadConverted(values, offset, StoredNumbers.Converter(type), SafetensorsEntry.BitsOfType[type] / 8);
        return values;
    }

    public void Dispose() => _handle.Dispose();

    private static GpuCnnException Unreadable(string path, Exception e) =>
        new($"'{path}' cannot be read: {e.Message} Check the file and its permissions.", e);

    /// <summary>Reads in slices, because no byte span covers an array of more than 2 GB.</summary>
    private void ReadFloats(float[] values, long offset)
    {
        const int slice = 1 << 24;
        for (int start = 0; start < values.Length; start += slice)
        {
            Span<float> part = values.AsSpan(start, Math.Min(slice, values.Length - start));
            ReadExactly(MemoryMarshal.AsBytes(part), offset + 4L * start);
        }
    }

    private void ReadConverted(float[] values, long offset, Func<ReadOnlySpan<byte>, float> convert, int elementBytes)
    {
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
}
