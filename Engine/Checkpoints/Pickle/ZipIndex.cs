using System.Buffers.Binary;
using System.Text;

namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>
/// Reads the directory of a zip archive. torch.save stores files without compression, so that their numbers are read in place; an archive
/// that was packed again may have deflated ones. Nothing is unpacked here, and no two files share bytes.
/// </summary>
internal sealed class ZipIndex
{
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const uint EntrySignature = 0x02014b50, LocalSignature = 0x04034b50;
    private const int EndBytes = 22, End64Bytes = 56, Locator64Bytes = 20, EntryBytes = 46, LocalBytes = 30;
    private const int LongestComment = ushort.MaxValue;
    private const int LargestDirectory = 100_000_000;

    /// <summary>Deflate's limit is 1,032 bytes of content for each byte.</summary>
    private const long MostInflation = 1032;

    private const int Deflate = 8;

    private readonly NumberFile _file;
    private readonly Dictionary<string, Entry> _entries = [];

    public ZipIndex(NumberFile file)
    {
        _file = file;
        (long begin, long bytes, long count) = FindDirectory();
        if (begin < 0 || bytes < 0 || bytes > LargestDirectory || begin > file.Length - bytes || count < 0 || count > bytes / EntryBytes)
            throw Damaged("a directory within the file", "another place or size");
        var directory = new byte[bytes];
        file.ReadExactly(directory, begin);
        ReadDirectory(directory, count, begin);
    }

    /// <param name="Header">Offset of its local header in the archive.</param>
    /// <param name="Offset">Offset of its first byte in the archive.</param>
    /// <param name="Length">Bytes of its content.</param>
    /// <param name="Stored">Bytes that it takes in the archive, which are fewer if it is deflated.</param>
    public sealed record Entry(string Name, long Header, long Offset, long Length, long Stored, bool IsDeflated, uint Checksum);

    public IReadOnlyDictionary<string, Entry> Entries => _entries;

    private (long Begin, long Bytes, long Count) FindDirectory()
    {
        // The end record and its comment may end in zeros of their own.
        long used = UsedLength(), tailBegin = Math.Max(0, used - EndBytes - LongestComment);
        var tail = new byte[Math.Min(used + EndBytes, _file.Length) - tailBegin];
        _file.ReadExactly(tail, tailBegin);
        for (int at = tail.Length - EndBytes; at >= 0; at--)
        {
            ReadOnlySpan<byte> end = tail.AsSpan(at);
            // Other bytes may follow the comment: downloads in blocks and recovered files end in them.
            if (UInt32(end, 0) != EndSignature || UInt16(end, 20) > end.Length - EndBytes) continue;
            long begin = UInt32(end, 16), bytes = UInt32(end, 12), count = UInt16(end, 10);
            if (begin != uint.MaxValue && bytes != uint.MaxValue && count != ushort.MaxValue) return (begin, bytes, count);
            return FindDirectory64(tailBegin + at);
        }
        throw Damaged("a zip archive with a directory at its end", "none");
    }

    /// <summary>Returns the file's length without the zeros at its end.</summary>
    private long UsedLength()
    {
        var chunk = new byte[1 << 16];
        for (long end = _file.Length; end > 0; end -= chunk.Length)
        {
            long begin = Math.Max(0, end - chunk.Length);
            Span<byte> part = chunk.AsSpan(0, (int)(end - begin));
            _file.ReadExactly(part, begin);
            int last = part.LastIndexOfAnyExcept((byte)0);
            if (last >= 0) return begin + last + 1;
        }
        return 0;
    }

    private (long Begin, long Bytes, long Count) FindDirectory64(long endAt)
    {
        if (endAt < Locator64Bytes) throw Damaged("a directory at the archive's end", "a part of one");
        Span<byte> locator = stackalloc byte[Locator64Bytes];
        _file.ReadExactly(locator, endAt - Locator64Bytes);
        long at = Int64(locator, 8);
        if (UInt32(locator, 0) != Locator64Signature || at < 0 || at > _file.Length - End64Bytes)
            throw Damaged("the offset of a zip64 directory", "something else");
        Span<byte> end = stackalloc byte[End64Bytes];
        _file.ReadExactly(end, at);
        if (UInt32(end, 0) != End64Signature) throw Damaged("a zip64 directory", "something else");
        return (Int64(end, 48), Int64(end, 40), Int64(end, 32));
    }

    private void ReadDirectory(ReadOnlySpan<byte> directory, long count, long dataEnd)
    {
        for (long i = 0; i < count; i++)
        {
            if (directory.Length < EntryBytes || UInt32(directory, 0) != EntrySignature)
                throw Damaged($"{count} entries in the directory", $"{i}");
            int name = UInt16(directory, 28), extra = UInt16(directory, 30), length = EntryBytes + name + extra + UInt16(directory, 32);
            if (length > directory.Length) throw Damaged("whole entries in the directory", "a part of one");
            AddEntry(directory[..EntryBytes], directory.Slice(EntryBytes, name), directory.Slice(EntryBytes + name, extra), dataEnd);
            directory = directory[length..];
        }
        Entry? previous = null;
        foreach (Entry entry in _entries.Values.OrderBy(entry => entry.Header))
        {
            if (previous is not null && previous.Offset + previous.Stored > entry.Header)
                throw Damaged("files at separate offsets", $"{Quoted(previous)} and {Quoted(entry)}, which overlap");
            previous = entry;
        }
    }

    private void AddEntry(ReadOnlySpan<byte> fields, ReadOnlySpan<byte> nameBytes, ReadOnlySpan<byte> extra, long dataEnd)
    {
        string name = Encoding.UTF8.GetString(nameBytes);
        int flags = UInt16(fields, 8), method = UInt16(fields, 10);
        long stored = UInt32(fields, 20), length = UInt32(fields, 24), header = UInt32(fields, 42);
        Widen(extra, ref length, ref stored, ref header);
        bool isDeflated = method == Deflate;
        if (method is not (0 or Deflate) || (flags & 1) != 0 || (!isDeflated && stored != length))
            throw Damaged("files stored or deflated", $"{SafetensorsHeader.Quote(name)}, which is compressed otherwise or encrypted");
        Span<byte> local = stackalloc byte[LocalBytes];
        if (header < 0 || header > dataEnd - LocalBytes)
            throw Damaged($"{SafetensorsHeader.Quote(name)} within the archive", $"byte {header}");
        _file.ReadExactly(local, header);
        long offset = header + LocalBytes + UInt16(local, 26) + UInt16(local, 28);
        if (UInt32(local, 0) != LocalSignature || length < 0 || stored < 0 || offset > dataEnd || stored > dataEnd - offset)
            throw Damaged($"{SafetensorsHeader.Quote(name)} of {stored} bytes before the directory", "another place or size");
        if (isDeflated && length / MostInflation > stored)
            throw Damaged($"at most {MostInflation} bytes for each deflated byte of {SafetensorsHeader.Quote(name)}",
                $"{length} for {stored}");
        if (!_entries.TryAdd(name, new(name, header, offset, length, stored, isDeflated, UInt32(fields, 16))))
            throw Damaged("one file of each name", $"two named {SafetensorsHeader.Quote(name)}");
    }

    /// <summary>Reads the 64-bit values of those numbers that do not fit 32 bits. An extra field holds them, in this order.</summary>
    private void Widen(ReadOnlySpan<byte> extra, ref long length, ref long stored, ref long header)
    {
        while (extra.Length >= 4)
        {
            int id = UInt16(extra, 0), size = UInt16(extra, 2);
            if (size > extra.Length - 4) throw Damaged("whole extra fields", "a part of one");
            ReadOnlySpan<byte> numbers = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            if (id != 1) continue;
            Take(ref length, ref numbers);
            Take(ref stored, ref numbers);
            Take(ref header, ref numbers);
        }
    }

    private void Take(ref long value, ref ReadOnlySpan<byte> numbers)
    {
        if (value != uint.MaxValue) return;
        if (numbers.Length < 8) throw Damaged("a size of 64 bits", "none");
        value = Int64(numbers, 0);
        numbers = numbers[8..];
    }

    private GpuCnnException Damaged(string expected, string got) => TorchFile.Damaged(_file.Path, expected, got);

    private static string Quoted(Entry entry) => SafetensorsHeader.Quote(entry.Name);

    private static int UInt16(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt16LittleEndian(from[at..]);

    private static uint UInt32(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt32LittleEndian(from[at..]);

    private static long Int64(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadInt64LittleEndian(from[at..]);
}
