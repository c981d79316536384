using System.IO.Compression;

namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// Reads the content of an archive's files and checks it. Stored files are read in place. Deflated ones are inflated from their beginning,
/// and only the bytes that were asked for are kept.
/// </summary>
internal sealed class ZipContent(NumberFile file)
{
    private readonly HashSet<string> _isChecked = [];

    /// <summary>Reads numbers at an offset of an entry's content, as float32. The whole entry is checked the first time.</summary>
    /// <exception cref="GpuCnnException">The content does not have the length or the checksum that the directory states.</exception>
    public float[] ReadNumbers(ZipIndex.Entry entry, long offset, int count, string type)
    {
        if (!entry.IsDeflated)
        {
            Check(entry);
            return file.ReadNumbers(entry.Offset + offset, count, type);
        }
        Func<ReadOnlySpan<byte>, float> convert = StoredNumbers.Converter(type);
        int width = SafetensorsEntry.BitsOfType[type] / 8;
        if ((long)count * width > Array.MaxLength)
            throw Damaged(entry, $"at most {Array.MaxLength} bytes in a deflated tensor", $"{(long)count * width}");
        byte[] bytes = Inflate(entry, offset, count * width);
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = convert(bytes.AsSpan(i * width, width));
        return values;
    }

    /// <summary>Opens an entry that holds a pickle.</summary>
    /// <param name="most">Most bytes that a deflated pickle may inflate to.</param>
    public PickleInput OpenPickle(ZipIndex.Entry entry, int most)
    {
        if (!entry.IsDeflated)
        {
            Check(entry);
            return new(file, entry.Offset, entry.Offset + entry.Length);
        }
        if (entry.Length > most) throw Damaged(entry, $"at most {most} bytes", $"{entry.Length}");
        byte[] bytes = Inflate(entry, 0, (int)entry.Length);
        return new(file.Path, (to, offset) => bytes.AsSpan((int)offset, to.Length).CopyTo(to), 0, bytes.Length);
    }

    private void Check(ZipIndex.Entry entry)
    {
        if (_isChecked.Add(entry.Name) && Checksum.Of(file, entry.Offset, entry.Length) != entry.Checksum) throw Changed(entry);
    }

    private byte[] Inflate(ZipIndex.Entry entry, long offset, int count)
    {
        var kept = new byte[count];
        var chunk = new byte[1 << 16];
        uint state = Checksum.Start;
        long at = 0;
        try
        {
            using var inflated = new DeflateStream(new Section(file, entry.Offset, entry.Stored), CompressionMode.Decompress);
            for (int read; (read = inflated.Read(chunk)) > 0; at += read)
            {
                state = Checksum.Add(state, chunk.AsSpan(0, read));
                long first = Math.Max(at, offset), end = Math.Min(at + read, offset + count);
                if (first < end) chunk.AsSpan((int)(first - at), (int)(end - first)).CopyTo(kept.AsSpan((int)(first - offset)));
                if (at + read > entry.Length) throw Damaged(entry, $"{entry.Length} bytes", "more");
            }
        }
        catch (InvalidDataException)
        {
            throw Changed(entry);
        }
        if (at != entry.Length) throw Damaged(entry, $"{entry.Length} bytes", $"{at}");
        return ~state == entry.Checksum ? kept : throw Changed(entry);
    }

    private GpuCnnException Changed(ZipIndex.Entry entry) =>
        TorchFile.Damaged(file.Path, $"the checksum of {SafetensorsHeader.Quote(entry.Name)}", "another: it was changed or damaged");

    private GpuCnnException Damaged(ZipIndex.Entry entry, string expected, string got) =>
        TorchFile.Damaged(file.Path, $"{expected} of {SafetensorsHeader.Quote(entry.Name)}", got);

    /// <summary>A part of a file, front to back.</summary>
    private sealed class Section(NumberFile file, long offset, long length) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            int count = (int)Math.Min(buffer.Length, length - _read);
            file.ReadExactly(buffer[..count], offset + _read);
            _read += count;
            return count;
        }

        public override int Read(byte[] buffer, int start, int count) => Read(buffer.AsSpan(start, count));

        public override void Flush() { }

        public override long Seek(long to, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int start, int count) => throw new NotSupportedException();
    }
}
