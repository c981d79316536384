using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>What a weights file says of itself, so that evaluating and predicting need nothing else.</summary>
/// <param name="Model">Registered name of the architecture.</param>
/// <param name="Input">Shape of one image.</param>
/// <param name="Classes">Class names in index order.</param>
/// <param name="Mean">Per channel, of values in [0, 1]; subtracted.</param>
/// <param name="Std">Per channel, of values in [0, 1]; divided by.</param>
/// <param name="Fit">How images were brought to the input shape.</param>
public sealed record ModelMetadata(
    string Model, Shape Input, IReadOnlyList<string> Classes, IReadOnlyList<float> Mean, IReadOnlyList<float> Std, ImageFit Fit)
{
    /// <summary>
    /// Pixels that images' shorter side is scaled to before the centre is cropped, where that is more than the input covers; 0 where they
    /// are scaled until they cover the input. For <see cref="ImageFit.Resize"/>.
    /// </summary>
    public int ResizeTo { get; init; }

    /// <summary>Whether images are taken as they are stored, whatever EXIF's orientation says.</summary>
    public bool IgnoresExif { get; init; }
}
