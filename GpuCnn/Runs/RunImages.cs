using GpuCnn.Data;
using GpuCnn.Engine.Devices;

namespace GpuCnn.Runs;

/// <summary>The images of a run, as the network gets them.</summary>
internal sealed record RunImages(ImageDataset Training, ImageDataset? Validation) : IDisposable
{
    /// <param name="share">Ranks of a host read with fewer threads each, unless the configuration says how many.</param>
    public static RunImages Create(LocatedDataset data, RunConfig config, BadImageLog badImages, HostShare share)
    {
        FeedOptions feed = config.Feed.ToOptions();
        if (share.LocalSize > 1) feed = feed with { Workers = feed.Workers ?? Math.Min(2, share.Cores) };
        // A judged image may be the centre of a larger picture; training uses all that covers the input.
        var training = new ImagePreprocessor(config.Metadata with { ResizeTo = 0 });
        return new(
            new(data.Train, training, Augmentation.Parse(config.Augmentation), feed with
            {
                Mixing = BatchMixing.Of(config.Settings),
                DrawsClassesEvenly = config.Settings.BalancedSampling,
            }, new(data.Train, "training", badImages)),
            data.Validation is { } validation ? new(validation, new ImagePreprocessor(config.Metadata), options: feed,
                badImages: new(validation, "validation", badImages)) : null);
    }

    public void Dispose()
    {
        Training.Dispose();
        Validation?.Dispose();
    }
}
