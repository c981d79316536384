using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using GpuCnn.Engine;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Data;

/// <summary>
/// Keeps pictures in a file of the user's cache folder, which later runs reuse. A record is a header of <see cref="HeaderBytes"/> bytes and
/// the pixels, gray or RGB. A picture is used only if its source is unchanged (<see cref="ImageSplit.Stamp"/>) and its checksum is right;
/// otherwise it is read from its source and appended again. A file that breaks off, because a run did, is used up to that point.
/// </summary>
internal sealed class DiskCache : PictureCache
{
    private const int HeaderBytes = 48, FileHeaderBytes = 64;
    private const uint Magic = 0x43504E47;

    /// <summary>Version of the file's layout, and of the results of decoders and scaling.</summary>
    private const int Version = 1;

    private readonly ImageSplit _split;
    private readonly CacheBudget _budget;
    private readonly SafeFileHandle _file;
    private readonly ConcurrentDictionary<int, Entry> _entries = [];
    private readonly Lock _gate = new();
    private long _end;
    private bool _isFull;

    private DiskCache(ImageSplit split, CacheBudget budget, string path, SafeFileHandle file)
    {
        _split = split;
        _budget = budget;
        _file = file;
        Path = path;
    }

    public string Path { get; }

    /// <summary>Number of kept pictures.</summary>
    public int Count => _entries.Count;

    /// <summary>Opens the cache of a split; an empty one if there is none, or if the existing file is for something else.</summary>
    /// <param name="split">The names and order of its images identify the file.</param>
    /// <param name="folder">Folder of the caches; created if missing.</param>
    /// <param name="form">Everything that pictures depend on, in words: form, size, channels, orientation.</param>
    /// <param name="budget">Bytes that the file may use; its present content counts.</param>
    /// <param name="rank">Ranks of a run have a file each, for they read different images at a time.</param>
    /// <exception cref="GpuCnnException">The folder or the file cannot be used, or another process is using it.</exception>
    public static DiskCache Open(ImageSplit split, string folder, string form, CacheBudget budget, int rank = 0)
    {
        byte[] identity = Identity(split, form);
        string name = Convert.ToHexString(identity.AsSpan(0, 12)).ToLowerInvariant() + (rank == 0 ? "" : $"-rank{rank}") + ".pictures";
        string path = System.IO.Path.Combine(folder, name);
        try
        {
            Directory.CreateDirectory(folder);
            SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None,
                FileOptions.RandomAccess);
            DiskCache cache = new(split, budget, path, file);
            cache.Load(identity);
            return cache;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PictureCacheException(
                $"The picture cache {DataFile.Quote(path)} cannot be used: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}. " +
                "Wait for the other run that uses it, or set GPUCNN_CACHE to another folder.", e);
        }
    }

    public override bool TryOpen(int image, SampleWriter writer, Picture record)
    {
        if (!_entries.TryGetValue(image, out Entry entry)) return false;
        if (_split.Stamp(image) is not { } stamp || stamp != entry.Stamp || !TryRead(entry, record))
        {
            // Stale or damaged: read it from its source again.
            _entries.TryRemove(KeyValuePair.Create(image, entry));
            return false;
        }
        writer.Opened(writer.Decoder.Open(record), inForm: true);
        return true;
    }

    public override void Dispose() => _file.Dispose();

    protected override bool TryReserve(int image, long bytes) =>
        !Volatile.Read(ref _isFull) && _split.Stamp(image) is not null && _budget.TryTake(bytes + HeaderBytes);

    protected override void Release(long bytes) => _budget.GiveBack(bytes + HeaderBytes);

    protected override bool TryKeep(int image, Picture picture)
    {
        if (_split.Stamp(image) is not { } stamp) return false;
        byte[] record = new byte[HeaderBytes + picture.Width * picture.Height * picture.Channels];
        Span<byte> pixels = record.AsSpan(HeaderBytes);
        int line = picture.Width * picture.Channels;
        for (int y = 0; y < picture.Height; y++)
        {
            if (picture.Channels == 1) picture.Row(y).CopyTo(pixels[(y * line)..]);
            else PixelRows.RgbxToRgb(picture.Row(y), pixels.Slice(y * line, line));
        }
        Entry entry = new(0, picture.Width, picture.Height, picture.Channels, stamp);
        entry.WriteHeader(image, record.AsSpan(0, HeaderBytes), pixels);
        lock (_gate)
        {
            if (_isFull) return false;
            try
            {
                RandomAccess.Write(_file, record, _end);
            }
            catch (IOException)
            {
                // The disk is full: pictures kept so far still help, and the incomplete record is detected as broken off.
                Volatile.Write(ref _isFull, true);
                return false;
            }
            _entries[image] = entry with { Offset = _end };
            _end += record.Length;
        }
        return true;
    }

    private bool TryRead(Entry entry, Picture record)
    {
        int bytes = entry.Bytes;
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(bytes + HeaderBytes);
        try
        {
            Span<byte> whole = buffer.AsSpan(0, bytes + HeaderBytes), pixels = whole[HeaderBytes..];
            if (RandomAccess.Read(_file, whole, entry.Offset) != whole.Length
                || !Entry.IsIntact(whole[..HeaderBytes], pixels)) return false;
            record.Reset(entry.Width, entry.Height, entry.Channels);
            int line = entry.Width * entry.Channels;
            for (int y = 0; y < entry.Height; y++)
            {
                if (entry.Channels == 1) pixels.Slice(y * line, line).CopyTo(record.Row(y));
                else PixelRows.RgbToRgbx(pixels.Slice(y * line, line), record.Row(y));
            }
            return true;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Finds the records; restarts the file if it is for something else.</summary>
    private void Load(byte[] identity)
    {
        long length = RandomAccess.GetLength(_file);
        Span<byte> head = stackalloc byte[FileHeaderBytes];
        if (RandomAccess.Read(_file, head, 0) != head.Length || !head[..identity.Length].SequenceEqual(identity))
        {
            RandomAccess.SetLength(_file, 0);
            head.Clear();
            identity.CopyTo(head);
            RandomAccess.Write(_file, head, 0);
            _end = FileHeaderBytes;
            return;
        }
        long at = FileHeaderBytes, dead = 0;
        Span<byte> header = stackalloc byte[HeaderBytes];
        while (at + HeaderBytes <= length && RandomAccess.Read(_file, header, at) == header.Length
            && Entry.TryParse(header, at, out int image, out Entry entry) && image < _split.Count
            && at + HeaderBytes + entry.Bytes <= length)
        {
            if (!_budget.TryTake(HeaderBytes + entry.Bytes)) break;
            // A later record supersedes an earlier one whose source has changed.
            if (_entries.TryGetValue(image, out Entry earlier)) dead += HeaderBytes + earlier.Bytes;
            _entries[image] = entry;
            at += HeaderBytes + entry.Bytes;
        }
        if (dead > at / 2)
        {
            _entries.Clear();
            _budget.GiveBack(at - FileHeaderBytes);
            at = FileHeaderBytes;
        }
        _end = at;
        RandomAccess.SetLength(_file, at);
    }

    /// <summary>Hashes everything that decides the file's content.</summary>
    private static byte[] Identity(ImageSplit split, string form)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{Version}\n{form}\n{split.Count}\n"));
        for (int i = 0; i < split.Count; i++) hash.AppendData(Encoding.UTF8.GetBytes(System.IO.Path.GetFullPath(split.Name(i)) + "\n"));
        return hash.GetHashAndReset();
    }

    /// <summary>
    /// A record: magic, image, width, height, channels, stamp (16 bytes), checksum of the pixels (8), checksum of the preceding fields (4).
    /// </summary>
    private readonly record struct Entry(long Offset, int Width, int Height, int Channels, ImageStamp Stamp)
    {
        private const int PixelSum = HeaderBytes - 12, HeaderSum = HeaderBytes - 4;

        public int Bytes => Width * Height * Channels;

        public void WriteHeader(int image, Span<byte> header, ReadOnlySpan<byte> pixels)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
            BinaryPrimitives.WriteInt32LittleEndian(header[4..], image);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], Width);
            BinaryPrimitives.WriteInt32LittleEndian(header[12..], Height);
            BinaryPrimitives.WriteInt32LittleEndian(header[16..], Channels);
            BinaryPrimitives.WriteInt64LittleEndian(header[20..], Stamp.Length);
            BinaryPrimitives.WriteInt64LittleEndian(header[28..], Stamp.Changed);
            BinaryPrimitives.WriteUInt64LittleEndian(header[PixelSum..], Checksum.Of(pixels));
            BinaryPrimitives.WriteUInt32LittleEndian(header[HeaderSum..], (uint)Checksum.Of(header[..HeaderSum]));
        }

        public static bool TryParse(ReadOnlySpan<byte> header, long offset, out int image, out Entry entry)
        {
            int Number(ReadOnlySpan<byte> from) => BinaryPrimitives.ReadInt32LittleEndian(from);
            image = Number(header[4..]);
            entry = new Entry(offset, Number(header[8..]), Number(header[12..]), Number(header[16..]),
                new ImageStamp(BinaryPrimitives.ReadInt64LittleEndian(header[20..]), BinaryPrimitives.ReadInt64LittleEndian(header[28..])));
            return BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic
                && BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderSum..]) == (uint)Checksum.Of(header[..HeaderSum]) && image >= 0
                && entry is { Width: > 0, Height: > 0, Channels: 1 or 3 }
                && (long)entry.Width * entry.Height * 3 < int.MaxValue - HeaderBytes;
        }

        public static bool IsIntact(ReadOnlySpan<byte> header, ReadOnlySpan<byte> pixels) =>
            BinaryPrimitives.ReadUInt64LittleEndian(header[PixelSum..]) == Checksum.Of(pixels);
    }
}
