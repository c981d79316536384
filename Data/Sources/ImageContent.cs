using System.Buffers.Binary;
using System.IO.Hashing;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Recognizes images by their content: XXH3 of 64 bits over the encoded bytes. Among a million images, two different ones have equal hashes
/// with a probability of 3e-8. The hash does not withstand somebody who looks for equal ones.
/// </summary>
internal static class ImageContent
{
    /// <summary>Hashes encoded bytes.</summary>
    public static ulong Hash(ReadOnlySpan<byte> encoded) => XxHash3.HashToUInt64(encoded);

    /// <summary>Hashes a file; a pipe or a device counts as an empty one.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read.</exception>
    public static ulong Hash(string path) => DataFile.Guard(path, "read", () =>
    {
        if (DataFile.IsEmpty(path)) return Hash([]);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        XxHash3 hash = new();
        hash.Append(file);
        return hash.GetCurrentHashAsUInt64();
    });

    /// <summary>Hashes a decoded image: width, height and channels as 32-bit integers, then the pixels.</summary>
    public static ulong Hash(PixelImage image)
    {
        XxHash3 hash = new();
        Span<byte> extents = stackalloc byte[3 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(extents, image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(extents[sizeof(int)..], image.Height);
        BinaryPrimitives.WriteInt32LittleEndian(extents[(2 * sizeof(int))..], image.Channels);
        hash.Append(extents);
        hash.Append(image.Pixels);
        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>Hashes all images of a split by several threads; null for an image that cannot be read.</summary>
    public static ulong?[] HashAll(ImageSplit split) => HashAll(split, [.. Enumerable.Range(0, split.Count)]);

    /// <summary>Hashes some images of a split by several threads; null for an image that cannot be read.</summary>
    /// <param name="split">The images.</param>
    /// <param name="indices">Indices of the images; ascending is fastest.</param>
    /// <param name="progress">Called with the number of images done and the total, from several threads.</param>
    public static ulong?[] HashAll(ImageSplit split, IReadOnlyList<int> indices, Action<int, int>? progress = null)
    {
        ulong?[] hashes = new ulong?[indices.Count];
        int done = 0;
        InOrder.Run(hashes.Length, i =>
        {
            try
            {
                hashes[i] = split.ContentHash(indices[i]);
            }
            catch (GpuCnnException)
            {
                // Whoever uses the image reports the error.
                hashes[i] = null;
            }
            progress?.Invoke(Interlocked.Increment(ref done), hashes.Length);
        });
        return hashes;
    }
}
