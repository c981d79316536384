namespace GpuCnn.Engine.Datasets;

/// <summary>How to bring an image to the input's size.</summary>
public enum ImageFit
{
    /// <summary>
    /// Centred on the background colour (0), uncropped: digits of 28x28 on an input of 32x32. A larger image is first scaled down to fit.
    /// </summary>
    Pad,

    /// <summary>Scaled until the shorter side fits (antialiased bilinear), then cropped to the centre.</summary>
    Resize,
}
