using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>Describes the model of a weights file, so that evaluation and prediction need no other file.</summary>
/// <param name="Model">Registered name of the architecture.</param>
/// <param name="Input">Shape of one image.</param>
/// <param name="Classes">Class names in index order.</param>
/// <param name="Mean">One value per channel, for pixels in [0, 1]; subtracted.</param>
/// <param name="Std">One value per channel, for pixels in [0, 1]; divides.</param>
/// <param name="Fit">How images were fitted to the input shape.</param>
public sealed record ModelMetadata(
    string Model, Shape Input, IReadOnlyList<string> Classes, IReadOnlyList<float> Mean, IReadOnlyList<float> Std, ImageFit Fit)
{
    /// <summary>
    /// Pixels that an image's shorter side is scaled to before the centre is cropped, if that is more than the input covers; 0 if images
    /// are scaled just to cover the input. For <see cref="ImageFit.Resize"/>.
    /// </summary>
    public int ResizeTo { get; init; }

    /// <summary>Whether EXIF orientation is ignored.</summary>
    public bool IgnoresExif { get; init; }

    /// <summary>Images that the run validated on; null if that is not known.</summary>
    public ImageHashes? Validated { get; init; }

    /// <summary>Images that the run trained on, or a part of them; null if that is not known.</summary>
    public ImageHashes? Trained { get; init; }

    /// <summary>The text entries of a weights file that say the same, by their names.</summary>
    public IReadOnlyDictionary<string, string> ToEntries() => MetadataText.Write(this);
}
