using System.Buffers;

namespace GpuCnn.Data;

/// <summary>Encoded images that can only be read front to back, such as a compressed shard or a row group.</summary>
internal abstract class StreamBlock
{
    /// <summary>How many images it has.</summary>
    public abstract int Count { get; }

    /// <summary>About how many bytes they are together.</summary>
    public abstract long Bytes { get; }

    /// <summary>Whether all of them come into memory with the first.</summary>
    public abstract bool IsReadWhole { get; }

    /// <summary>Of its file.</summary>
    public abstract FileStamp Stamp { get; }

    /// <summary>Where an image is, for messages.</summary>
    public abstract string Name(int index);

    /// <summary>The images in order, each the caller's to return.</summary>
    /// <exception cref="Engine.GpuCnnException">The file cannot be read, is damaged, or has changed since it was opened.</exception>
    public abstract IEnumerator<StreamPiece> Read();
}

/// <summary>An encoded image in memory.</summary>
/// <param name="Array">Whose first <paramref name="Length"/> bytes it is.</param>
/// <param name="IsRented">Whether the array is the pool's.</param>
internal readonly record struct StreamPiece(byte[] Array, int Length, bool IsRented)
{
    public static StreamPiece Rent(int length) => new(ArrayPool<byte>.Shared.Rent(length), length, true);

    public Span<byte> Span => Array.AsSpan(0, Length);

    public void Return()
    {
        if (IsRented) ArrayPool<byte>.Shared.Return(Array);
    }
}
