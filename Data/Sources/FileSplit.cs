using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Images in files of their own. Refuses a file that vanishes or changes while it is in use.</summary>
public sealed class FileSplit : ImageSplit
{
    private readonly IReadOnlyList<string> _files;

    /// <summary>State of each file when it was first read: a hash of its length and modification time; 0 before.</summary>
    private readonly long[] _stamps;

    /// <param name="description">See <see cref="ImageSplit.Description"/>.</param>
    /// <param name="classes">See <see cref="ImageSplit.Classes"/>.</param>
    /// <param name="labels">See <see cref="ImageSplit.Labels"/>.</param>
    /// <param name="files">[labels.Count] paths.</param>
    public FileSplit(string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels, IReadOnlyList<string> files)
        : base(description, classes, labels)
    {
        if (files.Count != labels.Count)
            throw new ArgumentException($"Expected a label for each of the {files.Count} files, but got {labels.Count}.", nameof(files));
        _files = files;
        _stamps = new long[files.Count];
    }

    public override bool IsInMemory => false;

    public override string Name(int index) => _files[index];

    public override ImageHeader Open(int index, PictureDecoder decoder)
    {
        string path = _files[index];
        Check(index, path);
        return decoder.Open(path);
    }

    internal override ImageStamp? Stamp(int index) =>
        DataFile.Facts(_files[index]) is { Exists: true } file ? new ImageStamp(file.Length, file.LastWriteTimeUtc.Ticks) : null;

    internal override ulong ContentHash(int index) => ImageContent.Hash(_files[index]);

    private void Check(int index, string path)
    {
        FileInfo file = DataFile.Facts(path);
        long known = Volatile.Read(ref _stamps[index]);
        if (!file.Exists)
        {
            if (known == 0) return;
            throw new GpuCnnException($"Image {DataFile.Quote(path)}: expected it where it was when it was first read, " +
                "but it has vanished since; restore it, or start again without it.");
        }
        long stamp = (uint)HashCode.Combine(file.Length, file.LastWriteTimeUtc.Ticks) | 1L << 32;
        long first = Interlocked.CompareExchange(ref _stamps[index], stamp, 0);
        if (first != 0 && first != stamp)
        {
            throw new GpuCnnException($"Image {DataFile.Quote(path)}: expected it as it was when it was first read, " +
                "but it has changed since; restore it, or start again with the changed file.");
        }
    }
}
