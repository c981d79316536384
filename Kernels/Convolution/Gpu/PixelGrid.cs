using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Pixels of a batch of maps, and the pixel of other maps, stored [image][SourceH][SourceW][SourceChannels], that each of them maps to.
/// Pixel (p, q) of an image maps to (p StepH + StartH, q StepW + StartW), which may lie outside. In the forward pass a window starts there.
/// </summary>
internal struct PixelGrid
{
    /// <summary>Row so far outside that no tap reaches the source from it.</summary>
    internal const int Nowhere = -(1 << 30);

    /// <summary>Number of pixels in the whole batch: images * H * W.</summary>
    public int Pixels;

    public int H;

    /// <summary>Number of columns, and of pixels in one image.</summary>
    public Divisor W, Area;

    public int SourceH, SourceW, SourceChannels;
    public int StepH, StepW, StartH, StartW;

    /// <summary>Computes the image, row and column of a pixel.</summary>
    public readonly (int Image, int P, int Q) Position(int pixel)
    {
        int image = Area.Divide(pixel), inside = pixel - image * Area.Value, p = W.Divide(inside);
        return (image, p, inside - p * W.Value);
    }

    /// <summary>Returns whether the source has such a pixel.</summary>
    public readonly bool Contains(int h, int w) => h >= 0 && h < SourceH && w >= 0 && w < SourceW;

    /// <summary>Computes the index of the first channel of a source pixel, by the same formula for pixels outside.</summary>
    public readonly int Source(int image, int h, int w) => ((image * SourceH + h) * SourceW + w) * SourceChannels;
}
