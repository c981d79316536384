using System.Buffers;

namespace GpuCnn.Data;

/// <summary>Encoded images that can only be read front to back, such as those of a compressed shard or a row group.</summary>
internal abstract class StreamBlock
{
    /// <summary>Number of images.</summary>
    public abstract int Count { get; }

    /// <summary>Approximate size of all images in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Whether reading the first image loads all of them.</summary>
    public abstract bool IsReadWhole { get; }

    /// <summary>State of its file.</summary>
    public abstract FileStamp Stamp { get; }

    /// <summary>The image's location, for messages.</summary>
    public abstract string Name(int index);

    /// <summary>Reads the images in order. The caller returns each.</summary>
    /// <exception cref="Engine.GpuCnnException">The file cannot be read, is damaged, or has changed since it was opened.</exception>
    public abstract IEnumerator<StreamPiece> Read();
}

/// <summary>An encoded image in memory.</summary>
/// <param name="Array">Holds the image in its first <paramref name="Length"/> bytes.</param>
/// <param name="IsRented">Whether the array belongs to the pool.</param>
internal readonly record struct StreamPiece(byte[] Array, int Length, bool IsRented)
{
    public static StreamPiece Rent(int length) => new(ArrayPool<byte>.Shared.Rent(length), length, true);

    public Span<byte> Span => Array.AsSpan(0, Length);

    public void Return()
    {
        if (IsRented) ArrayPool<byte>.Shared.Return(Array);
    }
}
