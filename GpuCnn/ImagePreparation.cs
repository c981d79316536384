using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>How images are brought to a network's input. A weights file keeps it, so that predicting needs nothing else.</summary>
public sealed record ImagePreparation
{
    /// <summary>Per channel, of values from 0 to 1: torchvision's for networks trained on ImageNet.</summary>
    public static IReadOnlyList<float> ImageNetMean { get; } = [0.485f, 0.456f, 0.406f];

    /// <inheritdoc cref="ImageNetMean"/>
    public static IReadOnlyList<float> ImageNetStd { get; } = [0.229f, 0.224f, 0.225f];

    /// <summary>How images of another size are brought to the input's.</summary>
    public ImageFit Fit { get; init; } = ImageFit.Resize;

    /// <summary>
    /// Pixels of the shorter side that judged images are scaled to before the centre is cropped; 0 scales them until they cover the input.
    /// </summary>
    public int ResizeTo { get; init; }

    /// <summary>Whether images are taken as they are stored, whatever EXIF's orientation says.</summary>
    public bool IgnoresExif { get; init; }

    /// <summary>
    /// Per channel, subtracted from values from 0 to 1; null computes it from the training images when a model is fitted.
    /// </summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary>Per channel, divided by; null computes it from the training images when a model is fitted.</summary>
    public IReadOnlyList<float>? Std { get; init; }

    /// <param name="metadata">The entries of a weights file.</param>
    /// <param name="input">Another input than the file's: a side too small for it counts no more.</param>
    internal static ImagePreparation Of(ModelMetadata metadata, Shape? input = null) => new()
    {
        Fit = metadata.Fit,
        ResizeTo = input is { } shape && metadata.ResizeTo < Math.Max(shape.Height, shape.Width) ? 0 : metadata.ResizeTo,
        IgnoresExif = metadata.IgnoresExif,
        Mean = metadata.Mean,
        Std = metadata.Std,
    };

    /// <summary>The entries of a weights file; values from 0 to 1 stay as they are where no statistics are known.</summary>
    internal ModelMetadata ToMetadata(string model, Shape input, IReadOnlyList<string> classes) => new(
        model, input, classes, Mean ?? [.. Enumerable.Repeat(0f, input.Channels)], Std ?? [.. Enumerable.Repeat(1f, input.Channels)], Fit)
    {
        ResizeTo = ResizeTo,
        IgnoresExif = IgnoresExif,
    };

    /// <summary>This preparation with the statistics of the training images, where it has none.</summary>
    /// <exception cref="GpuCnnException">Images cannot be read, or more of them than a run leaves out.</exception>
    internal ImagePreparation WithStatistics(ImageSplit training, Shape input, BadImageLog badImages)
    {
        if (Mean is not null && Std is not null) return this;
        NormalizationStatistics statistics = NormalizationStatistics.Compute(
            training, input, Fit, new(training, "training", badImages), appliesOrientation: !IgnoresExif);
        return this with { Mean = Mean ?? statistics.Mean, Std = Std ?? statistics.Std };
    }
}
