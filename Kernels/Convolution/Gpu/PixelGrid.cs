using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Pixels of a batch of maps, and which pixel of other maps, stored [image][SourceH][SourceW][SourceChannels], each of them looks at: pixel (p, q) of an image looks at (p StepH + StartH,
/// q StepW + StartW), which may lie outside. Forward that is where a window starts.
/// </summary>
public struct PixelGrid
{
    /// <summary>A row from which no tap gets into the source.</summary>
    internal const int Nowhere = -(1 << 30);

    /// <summary>Pixels of the whole batch: images * H * W.</summary>
    public int Pixels;

    public int H;

    /// <summary>Columns, and pixels of one image.</summary>
    public Divisor W, Area;

    public int SourceH, SourceW, SourceChannels;
    public int StepH, StepW, StartH, StartW;

    /// <summary>Image, row and column of a pixel.</summary>
    public readonly (int Image, int P, int Q) Position(int pixel)
    {
        int image = Area.Divide(pixel), inside = pixel - image * Area.Value, p = W.Divide(inside);
        return (image, p, inside - p * W.Value);
    }

    /// <summary>Whether the source has such a pixel.</summary>
    public readonly bool Contains(int h, int w) => h >= 0 && h < SourceH && w >= 0 && w < SourceW;

    /// <summary>Index of the first channel of a source pixel; of one outside, what it would be.</summary>
    public readonly int Source(int image, int h, int w) => ((image * SourceH + h) * SourceW + w) * SourceChannels;
}
