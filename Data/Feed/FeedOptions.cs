using GpuCnn.Engine.Datasets;

namespace GpuCnn.Data;

/// <summary>Where decoded pictures are kept.</summary>
public enum CacheKind
{
    None,

    /// <summary>In memory.</summary>
    Ram,

    /// <summary>In a file that later runs reuse.</summary>
    Disk,
}

/// <summary>How images become batches, apart from what decides their content.</summary>
public sealed record FeedOptions
{
    /// <summary>Threads that fill batches; null means two, or one on a single core.</summary>
    public int? Workers { get; init; }

    public CacheKind Cache { get; init; } = CacheKind.Ram;

    /// <summary>Shared by all data sets of a run.</summary>
    public CacheBudget Budget { get; init; } = new(CacheBudget.Default);

    /// <summary>Folder of <see cref="CacheKind.Disk"/>; null means the user's cache folder.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Mixes the images of training batches; null for none.</summary>
    public BatchMixing? Mixing { get; init; }

    /// <summary>Whether training draws each class equally often; see <see cref="BalancedOrder"/>.</summary>
    public bool DrawsClassesEvenly { get; init; }

    /// <param name="shard">The share of the rank that keeps pictures.</param>
    internal PictureCache? CreateCache(ImageSplit split, ImagePreprocessor preprocessor, Augmentation augmentation, Shard shard)
    {
        if (Cache == CacheKind.None) return null;
        if (Cache == CacheKind.Ram) return new MemoryCache(split.Count, Budget);
        using SampleWriter writer = new(preprocessor, augmentation);
        string form = string.Join(' ', writer.Form, preprocessor.Shape, preprocessor.Fit, preprocessor.ResizeTo,
            augmentation.FixedScale(preprocessor.Shape),
            preprocessor.Interpolation, preprocessor.AppliesOrientation);
        string folder = CacheFolder ?? Engine.Files.CacheFolder.Find("pictures") ?? throw new PictureCacheException(
            "There is no cache folder to keep pictures in; set GPUCNN_CACHE to a folder that can be written.");
        return DiskCache.Open(split, folder, form, Budget, shard);
    }
}
