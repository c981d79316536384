using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>Sizes of windows that are written out: columns[group][pixel][r][s][channel of the group].</summary>
internal struct WindowMap
{
    /// <summary>Output pixels of some images, and the start of their windows in the input.</summary>
    public PixelGrid Grid;

    public int R;

    /// <summary>Columns of the filter, and channels of a group.</summary>
    public Divisor S, Channels;

    /// <summary>Number of values in a window: R * S * Channels.</summary>
    public Divisor Length;

    /// <summary>Number of values in a pixel of the input, in a row of pixels, and in an image.</summary>
    public Divisor Pixel, Row, Image;

    public Divisor StepH, StepW;

    /// <summary>First image of the input, to which the windows of pixel 0 belong.</summary>
    public int FirstImage;
}
