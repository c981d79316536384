using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;

namespace GpuCnn.Runs;

/// <summary>Hashes the images that a run is about to use.</summary>
internal static class UsedImages
{
    /// <summary>Hashes the validation images, or a part of them if there are more than a list holds.</summary>
    public static ImageHashes? Validated(ImageData data) => data.Validation is { } split ? Of(split, ImageHashes.Most) : null;

    /// <summary>
    /// Hashes the training images: up to those <see cref="NormalizationStatistics"/> reads, so that no others are read.
    /// </summary>
    public static ImageHashes Trained(ImageData data) => Of(data.Training, NormalizationStatistics.LargestSample);

    /// <summary>Hashes at most <paramref name="most"/> images of a split. Images that cannot be read are left out.</summary>
    internal static ImageHashes Of(ImageSplit split, int most)
    {
        int count = Math.Min(split.Count, most);
        int[] indices = [.. Enumerable.Range(0, count).Select(i => split.Sample(i, count)).Distinct()];
        ulong?[] hashes = ImageContent.HashAll(split, indices);
        return ImageHashes.Of(split.Count, hashes.OfType<ulong>());
    }
}
