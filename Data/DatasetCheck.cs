using System.Buffers.Binary;
using System.Security.Cryptography;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Opens a data set and decodes every image of it, to say all that is wrong at once.</summary>
public static class DatasetCheck
{
    /// <param name="path">As for <see cref="DatasetLocator.Open"/>.</param>
    /// <param name="validationPath">As for <see cref="DatasetLocator.Open"/>.</param>
    /// <param name="progress">Called with the number of images done, from several threads.</param>
    /// <exception cref="GpuCnnException">There is no data set to check.</exception>
    public static DatasetReport Run(string path, string? validationPath = null, Action<int>? progress = null)
    {
        LocatedDataset data = DatasetLocator.OpenLeniently(path, validationPath);
        int done = 0;
        List<SplitReport> splits = [];
        List<UnreadableImage> unreadable = [];
        Dictionary<UInt128, string> seen = [];
        List<DuplicateImage> duplicates = [];
        (string, ImageSplit?)[] parts = [("train", data.HasTraining ? data.Train : null), ("validation", data.Validation)];
        foreach ((string name, ImageSplit? split) in parts)
        {
            if (split is null) continue;
            Look[] looks = new Look[split.Count];
            Parallel.For(0, split.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
            {
                looks[i] = Look.At(split, i);
                progress?.Invoke(Interlocked.Increment(ref done));
            });
            Look[] readable = [.. looks.Where(look => look.Reason is null)];
            unreadable.AddRange(looks.Select((look, i) => (look, i)).Where(l => l.look.Reason is not null)
                .Select(l => new UnreadableImage(split.Name(l.i), l.look.Reason!)));
            splits.Add(new SplitReport(
                name, split.Count, split.CountPerClass(), Extent.Of(readable.Select(l => l.Width)), Extent.Of(readable.Select(l => l.Height)),
                readable.Count(l => l.Channels == 1), readable.Count(l => l.Channels == 3)));
            for (int i = 0; i < looks.Length; i++)
            {
                if (looks[i].Reason is not null) continue;
                if (name == "train") seen.TryAdd(looks[i].Hash, split.Name(i));
                else if (seen.TryGetValue(looks[i].Hash, out string? first)) duplicates.Add(new DuplicateImage(first, split.Name(i)));
            }
        }
        return new DatasetReport(data.Description, data.Classes, splits, unreadable, duplicates, data.Problems);
    }

    private readonly record struct Look(int Width, int Height, int Channels, UInt128 Hash, string? Reason)
    {
        public static Look At(ImageSplit split, int index)
        {
            try
            {
                PixelImage image = split.Read(index);
                return new Look(image.Width, image.Height, image.Channels, HashOf(image), null);
            }
            catch (GpuCnnException e)
            {
                return new Look(0, 0, 0, 0, e.Message);
            }
        }

        /// <summary>Of what is seen, whatever the file format: half of SHA-256 over the extents and the pixels.</summary>
        private static UInt128 HashOf(PixelImage image)
        {
            Span<byte> extents = stackalloc byte[12], hash = stackalloc byte[SHA256.HashSizeInBytes];
            BinaryPrimitives.WriteInt32LittleEndian(extents, image.Width);
            BinaryPrimitives.WriteInt32LittleEndian(extents[4..], image.Height);
            BinaryPrimitives.WriteInt32LittleEndian(extents[8..], image.Channels);
            using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            sha.AppendData(extents);
            sha.AppendData(image.Pixels);
            sha.GetHashAndReset(hash);
            return BinaryPrimitives.ReadUInt128LittleEndian(hash);
        }
    }
}

/// <summary>What <see cref="DatasetCheck"/> found.</summary>
/// <param name="Description">What was recognised, on one line.</param>
/// <param name="Classes">Class names in index order.</param>
/// <param name="Splits">"train" and "validation", those that there are.</param>
/// <param name="Unreadable">Every image that cannot be read, in the order of the files.</param>
/// <param name="Duplicates">Validation images whose pixels are those of a training image.</param>
/// <param name="Problems">What else makes the data set unfit for training, such as empty class folders; each on one line.</param>
public sealed record DatasetReport(
    string Description, IReadOnlyList<string> Classes, IReadOnlyList<SplitReport> Splits, IReadOnlyList<UnreadableImage> Unreadable,
    IReadOnlyList<DuplicateImage> Duplicates, IReadOnlyList<string> Problems)
{
    /// <summary>Whether training can use all of it. Duplicates flatter the validation accuracy, but stop nothing.</summary>
    public bool IsUsable => Unreadable.Count == 0 && Problems.Count == 0;

    /// <summary>Classes without a training image (validation image, where there is nothing to train on).</summary>
    public IReadOnlyList<string> EmptyClasses => [.. Classes.Where((_, label) => Splits[0].ImagesPerClass[label] == 0)];
}

/// <summary>What a split holds.</summary>
/// <param name="Name">"train" or "validation".</param>
/// <param name="Images">All, readable or not.</param>
/// <param name="ImagesPerClass">By class index.</param>
/// <param name="Width">Of the readable images, in pixels.</param>
/// <param name="Height">Of the readable images, in pixels.</param>
/// <param name="GrayImages">Readable images of one channel.</param>
/// <param name="RgbImages">Readable images of three channels.</param>
public sealed record SplitReport(
    string Name, int Images, IReadOnlyList<int> ImagesPerClass, Extent Width, Extent Height, int GrayImages, int RgbImages);

/// <summary>Smallest, median and largest of some sizes; all 0 where there are none.</summary>
public readonly record struct Extent(int Minimum, int Median, int Maximum)
{
    internal static Extent Of(IEnumerable<int> sizes)
    {
        int[] sorted = [.. sizes.Order()];
        return sorted.Length == 0 ? default : new Extent(sorted[0], sorted[sorted.Length / 2], sorted[^1]);
    }
}

/// <summary>An image that cannot be read.</summary>
/// <param name="File">Its path, or the number within its file.</param>
/// <param name="Reason">The whole message, which names the file too.</param>
public sealed record UnreadableImage(string File, string Reason);

/// <summary>The same picture for training and for validation.</summary>
/// <param name="Training">Its path, or the number within its file.</param>
/// <param name="Validation">Its path, or the number within its file.</param>
public sealed record DuplicateImage(string Training, string Validation);
