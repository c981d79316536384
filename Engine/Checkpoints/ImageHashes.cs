using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>
/// Recognizes the images that a run used, by 48 bits of a hash of their content, wherever they lie and whatever their names. A file holds 8
/// characters for each, so that 65,536 images make 512 KiB. Of more images a part is listed.
/// </summary>
[JsonConverter(typeof(Converter))]
public sealed class ImageHashes
{
    /// <summary>Largest number of images that are listed.</summary>
    public const int Most = 65_536;

    private const int Bytes = 6, UnusedBits = 64 - 8 * Bytes;

    private readonly ulong[] _sorted;

    private ImageHashes(long count, ulong[] sorted) => (Count, _sorted) = (count, sorted);

    /// <summary>Number of images that were used.</summary>
    public long Count { get; }

    /// <summary>Number of images that are listed.</summary>
    public int Listed => _sorted.Length;

    /// <summary>Whether the list has all images.</summary>
    public bool IsComplete => Listed == Count;

    /// <param name="count">Number of images that were used.</param>
    /// <param name="hashes">Hashes of all of them or of a part; equal ones are kept.</param>
    public static ImageHashes Of(long count, IEnumerable<ulong> hashes)
    {
        ulong[] sorted = [.. hashes.Select(hash => hash >> UnusedBits).Order()];
        if (sorted.Length > Math.Min(count, Most))
            throw new ArgumentException($"Expected at most {Math.Min(count, Most)} hashes, but got {sorted.Length}.", nameof(hashes));
        return new ImageHashes(count, sorted);
    }

    /// <summary>Indices of the images in the list, ascending. Of equal images as many are taken as the list has, the first ones.</summary>
    /// <param name="hashes">Hashes of a data set's images; null for those that cannot be read.</param>
    public int[] IndicesOf(IReadOnlyList<ulong?> hashes)
    {
        Dictionary<ulong, int> left = _sorted.CountBy(hash => hash).ToDictionary();
        List<int> found = [];
        for (int i = 0; i < hashes.Count; i++)
        {
            if (hashes[i] is not { } hash || left.GetValueOrDefault(hash >> UnusedBits) is not (> 0 and var rest)) continue;
            left[hash >> UnusedBits] = rest - 1;
            found.Add(i);
        }
        return [.. found];
    }

    /// <summary>
    /// The share of a data set's images that were used. Where the list has a part of them only, the share is an estimate: the part of the
    /// list that the data set has, times the number of images used.
    /// </summary>
    /// <param name="hashes">Hashes of the data set's images; null for those that cannot be read.</param>
    public double ShareOf(IReadOnlyList<ulong?> hashes) =>
        ShareOf(hashes.OfType<ulong>().Select(hash => hash >> UnusedBits), hashes.Count);

    /// <summary>The share of the images of another list that were used too, as far as both lists tell.</summary>
    public double ShareOf(ImageHashes images) => ShareOf(images._sorted, images.Listed);

    private double ShareOf(IEnumerable<ulong> images, int count)
    {
        HashSet<ulong> known = [.. _sorted];
        ulong[] found = [.. images.Where(known.Contains)];
        if (found.Length == 0) return 0;
        double used = IsComplete ? found.Length : (double)found.Distinct().Count() / known.Count * Count;
        return Math.Min(1, used / count);
    }

    /// <summary>The number of images used, a colon, and the hashes in ascending order, big-endian in base64.</summary>
    public override string ToString()
    {
        // Each number is written with two bytes of zeros after it, which the next one covers.
        byte[] bytes = new byte[_sorted.Length * Bytes + sizeof(ulong)];
        for (int i = 0; i < _sorted.Length; i++) BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * Bytes), _sorted[i] << UnusedBits);
        return $"{Count.ToString(CultureInfo.InvariantCulture)}:{Convert.ToBase64String(bytes.AsSpan(0, _sorted.Length * Bytes))}";
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null for anything else.</summary>
    public static ImageHashes? TryParse(string text)
    {
        int colon = text.IndexOf(':');
        if (colon < 0 || !long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            return null;
        byte[] bytes = new byte[(long)Most * Bytes + sizeof(ulong)];
        if (!Convert.TryFromBase64Chars(text.AsSpan(colon + 1), bytes, out int written) || written % Bytes != 0) return null;
        ulong[] sorted = new ulong[written / Bytes];
        for (int i = 0; i < sorted.Length; i++) sorted[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * Bytes)) >> UnusedBits;
        return sorted.Length <= Math.Min(count, Most) && sorted.SequenceEqual(sorted.Order()) ? new ImageHashes(count, sorted) : null;
    }

    private sealed class Converter : JsonConverter<ImageHashes>
    {
        public override ImageHashes Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            TryParse(reader.GetString() ?? "") ?? throw new JsonException("hashes of images are a number, a colon and base64");

        public override void Write(Utf8JsonWriter writer, ImageHashes value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
