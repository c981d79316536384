using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Data;

/// <summary>
/// Keeps pictures in a file of the user's cache folder, which later runs reuse. A picture is used only if its source is unchanged
/// (<see cref="ImageSplit.Stamp"/>) and its checksum is right; otherwise it is read from its source and appended again. A file that breaks
/// off, because a run did, is used up to that point. Each of several ranks has a file of its own and reads those of all
/// (<see cref="PeerPictures"/>), for its images are another's in the next epoch.
/// </summary>
internal sealed class DiskCache : PictureCache
{
    private const int HeaderBytes = PictureRecord.HeaderBytes, FileHeaderBytes = PictureRecord.FileHeaderBytes;

    /// <summary>Version of the file's layout, and of the results of decoders and scaling.</summary>
    private const int Version = 1;

    private const string Extension = ".pictures";

    private readonly ImageSplit _split;
    private readonly CacheBudget _budget;
    private readonly SafeFileHandle _file;
    private readonly ConcurrentDictionary<int, PictureRecord> _entries = [];

    // Of several ranks: the other files, and what holds this rank's.
    private PeerPictures? _peers;
    private SafeFileHandle? _hold;

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
    /// <param name="shard">The rank's share, where several read the split.</param>
    /// <exception cref="GpuCnnException">The folder or the file cannot be used, or another process is using it.</exception>
    public static DiskCache Open(ImageSplit split, string folder, string form, CacheBudget budget, Shard? shard = null)
    {
        byte[] identity = Identity(split, form);
        string name = Convert.ToHexString(identity.AsSpan(0, 12)).ToLowerInvariant();
        bool isShared = shard is { Ranks: > 1 };
        string path = System.IO.Path.Combine(folder, isShared ? $"{name}-rank{shard!.Rank}{Extension}" : name + Extension);
        SafeFileHandle? hold = null, file = null;
        try
        {
            Directory.CreateDirectory(folder);
            // Others may read a rank's file, so that another one says who writes it.
            if (isShared) hold = Open(path + ".lock", FileShare.None);
            file = Open(path, isShared ? FileShare.ReadWrite : FileShare.None);
            DiskCache cache = new(split, budget, path, file) { _hold = hold };
            cache.Load(identity);
            if (isShared)
                cache._peers = new(folder, $"{name}-rank*{Extension}", path, identity, split.Count, cache.Take);
            return cache;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            hold?.Dispose();
            file?.Dispose();
            throw new PictureCacheException(
                $"The picture cache {DataFile.Quote(path)} cannot be used: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}. " +
                "Wait for the other run that uses it, or set GPUCNN_CACHE to another folder.", e);
        }
    }

    public override bool TryOpen(int image, SampleWriter writer, Picture record)
    {
        if (!_entries.TryGetValue(image, out PictureRecord entry))
        {
            if (_peers is null) return false;
            _peers.Look();
            if (!_entries.TryGetValue(image, out entry)) return false;
        }
        if (_split.Stamp(image) is not { } stamp || stamp != entry.Stamp || !TryRead(entry, record))
        {
            // Stale or damaged: read it from its source again.
            _entries.TryRemove(KeyValuePair.Create(image, entry));
            return false;
        }
        writer.Opened(writer.Decoder.Open(record), inForm: true);
        return true;
    }

    public override void Dispose()
    {
        _peers?.Dispose();
        _file.Dispose();
        _hold?.Dispose();
    }

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
        PictureRecord entry = new(_file, 0, picture.Width, picture.Height, picture.Channels, stamp);
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

    private static bool TryRead(PictureRecord entry, Picture record)
    {
        int bytes = entry.Bytes;
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(bytes + HeaderBytes);
        try
        {
            Span<byte> whole = buffer.AsSpan(0, bytes + HeaderBytes), pixels = whole[HeaderBytes..];
            if (RandomAccess.Read(entry.File, whole, entry.Offset) != whole.Length
                || !PictureRecord.IsIntact(whole[..HeaderBytes], pixels)) return false;
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
        long dead = 0;
        long at = PictureRecord.Scan(_file, FileHeaderBytes, length, _split.Count, (image, entry) =>
        {
            if (!_budget.TryTake(HeaderBytes + entry.Bytes)) return false;
            // A later record supersedes an earlier one whose source has changed.
            if (_entries.TryGetValue(image, out PictureRecord earlier)) dead += HeaderBytes + earlier.Bytes;
            _entries[image] = entry;
            return true;
        });
        if (dead > at / 2)
        {
            _entries.Clear();
            _budget.GiveBack(at - FileHeaderBytes);
            at = FileHeaderBytes;
        }
        _end = at;
        RandomAccess.SetLength(_file, at);
    }

    /// <summary>Takes in what another rank keeps.</summary>
    private void Take(int image, PictureRecord entry) =>
        _entries.AddOrUpdate(image, entry, (_, earlier) => earlier.File == entry.File ? entry : earlier);

    private static SafeFileHandle Open(string path, FileShare share) =>
        File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share, FileOptions.RandomAccess);

    /// <summary>Hashes everything that decides the file's content.</summary>
    private static byte[] Identity(ImageSplit split, string form)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{Version}\n{form}\n{split.Count}\n"));
        for (int i = 0; i < split.Count; i++) hash.AppendData(Encoding.UTF8.GetBytes(System.IO.Path.GetFullPath(split.Name(i)) + "\n"));
        return hash.GetHashAndReset();
    }
}
