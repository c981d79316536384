using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>How an image that does not have the input's size is brought to it.</summary>
public enum ImageFit
{
    /// <summary>
    /// Centred on the background colour (0), uncropped: digits of 28x28 on an input of 32x32. A larger image is scaled down first until
    /// all of it fits.
    /// </summary>
    Pad,

    /// <summary>Scaled until the shorter side fits (antialiased bilinear), then the centre is cropped.</summary>
    Resize,
}

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
    /// are scaled until they cover the
    /// input. Of <see cref="ImageFit.Resize"/>.
    /// </summary>
    public int ResizeTo { get; init; }

    /// <summary>Whether images are taken as they are stored, whatever EXIF's orientation says.</summary>
    public bool IgnoresExif { get; init; }
}
