using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>The sizes of windows that are written out: columns[group][pixel][r][s][channel of the group].</summary>
public struct WindowMap
{
    /// <summary>Pixels of the output of some images, and where their windows start in the input.</summary>
    public PixelGrid Grid;

    public int R;

    /// <summary>Columns of the filter, and channels of a group.</summary>
    public Divisor S, Channels;

    /// <summary>Values of a window: R * S * Channels.</summary>
    public Divisor Length;

    /// <summary>Values of a pixel of the input, of a row of pixels, and of an image.</summary>
    public Divisor Pixel, Row, Image;

    public Divisor StepH, StepW;

    /// <summary>The first image of the input, which the windows of pixel 0 belong to.</summary>
    public int FirstImage;
}
