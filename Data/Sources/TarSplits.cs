using System.Buffers;
using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;

namespace GpuCnn.Data;

/// <summary>Images of plain archives, read in place, in any order.</summary>
internal sealed class TarSplit(string description, IReadOnlyList<string> classes, IReadOnlyList<int> labels, IReadOnlyList<(TarShard Shard,
    TarImage Image)> images)
    : ImageSplit(description, classes, labels)
{
    public override bool IsInMemory => false;

    public override string Name(int index) => $"{images[index].Shard.Path}:{images[index].Image.Name}";

    public override ImageHeader Open(int index, PictureDecoder decoder) =>
        Read(index, (decoder, name: Name(index)), static (content, to) => to.decoder.Open(content, to.name));

    internal override ImageStamp? Stamp(int index) => images[index].Shard.Stamp.ForImage(images[index].Image.Offset);

    internal override ulong ContentHash(int index) => Read(index, 0, static (content, _) => ImageContent.Hash(content));

    private TResult Read<TState, TResult>(int index, TState state, Func<ReadOnlySpan<byte>, TState, TResult> use)
    {
        (TarShard shard, TarImage image) = images[index];
        shard.Stamp.Check(shard.Path);
        byte[] content = ArrayPool<byte>.Shared.Rent(image.Length);
        try
        {
            int read = DataFile.Guard(shard.Path, "read", () =>
            {
                using SafeFileHandle handle = File.OpenHandle(shard.Path, options: FileOptions.RandomAccess);
                int filled = 0;
                for (int more; filled < image.Length; filled += more)
                    if ((more = RandomAccess.Read(handle, content.AsSpan(filled, image.Length - filled),
                        image.Offset + filled)) == 0) break;
                return filled;
            });
            return use(content.AsSpan(0, read), state);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(content);
        }
    }
}

/// <summary>The images of a compressed archive.</summary>
/// <param name="shard">The archive.</param>
/// <param name="images">The wanted images, in order.</param>
internal sealed class TarBlock(TarShard shard, IReadOnlyList<TarImage> images) : StreamBlock
{
    public override int Count => images.Count;

    public override long Bytes { get; } = images.Sum(image => (long)image.Length);

    public override bool IsReadWhole => false;

    public override FileStamp Stamp => shard.Stamp;

    public override string Name(int index) => $"{shard.Path}:{images[index].Name}";

    public override IEnumerator<StreamPiece> Read()
    {
        shard.Stamp.Check(shard.Path);
        int member = 0, next = 0;
        foreach (TarEntry entry in shard.Entries())
        {
            if (next == images.Count) break;
            if (member++ != images[next].Member) continue;
            StreamPiece piece = StreamPiece.Rent(images[next++].Length);
            shard.Step(() =>
            {
                entry.DataStream?.ReadExactly(piece.Span);
                return true;
            });
            yield return piece;
        }
    }
}
