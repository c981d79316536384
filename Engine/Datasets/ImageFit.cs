namespace GpuCnn.Engine.Datasets;

/// <summary>Brings an image of another size to the input's.</summary>
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
