using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// Convolution as a product of gathered rows. Rows of the result are pixels of a grid, its columns channels. The reduction consists of
/// TapsH * TapsW runs, each contiguous both in the source and in the filter. A run holds the channels of one group at one tap, or with a
/// single group the channels of a whole row of taps. All positions are affine in the pixel and in the tap (i, j).
/// </summary>
internal struct GatherMap
{
    public PixelGrid Grid;

    /// <summary>Rows of taps, and runs in each row.</summary>
    public int TapsH, TapsW;

    /// <summary>1 if the next tap reads the next pixel (forward), -1 if it reads the previous one (gradient of the input).</summary>
    public int Direction;

    /// <summary>Taps in a run, neighbours in the source, and channels of each tap.</summary>
    public int RunTaps, RunChannels;

    /// <summary>Start of the first run in the filter, and values to the next row of taps and to the next run.</summary>
    public int FilterStart, FilterStepH, FilterStepW;

    /// <summary>Values from one row of a run's filter to the next, and from one group's filter to the next.</summary>
    public int FilterPitch, FilterGroup;

    /// <summary>Columns of a group's result.</summary>
    public int Columns;

    /// <summary>Position of the result of pixel (0, 0), and values to the next image, row and pixel.</summary>
    public int TargetStart, TargetImage, TargetRow, TargetPixel;

    /// <summary>Part to which the first row of tiles gathers sums for the gradient of a norm.</summary>
    public int FirstPart;

    /// <summary>Number of values in a run.</summary>
    public readonly int RunLength => RunTaps * RunChannels;

    /// <summary>Loads four values of a run; zeros where the source has none.</summary>
    /// <param name="x">The source.</param>
    /// <param name="source">Index of the source pixel that the grid's pixel maps to.</param>
    /// <param name="h">Row of that source pixel.</param>
    /// <param name="w">Column of that source pixel.</param>
    /// <param name="tapH">Row of taps. Past the last row all values are zero.</param>
    /// <param name="tapW">Run in the row.</param>
    /// <param name="position">Position of the first value in the run.</param>
    /// <param name="isWide">Whether channels are multiples of 4.</param>
    /// <param name="isBFloat16">Whether the source is stored as bfloat16.</param>
    internal readonly Float4 Load(ReadOnlyView<float> x, int source, int h, int w, int tapH, int tapW, int position, bool isWide,
        bool isBFloat16)
    {
        int row = h + Direction * tapH, column = w + Direction * tapW;
        bool isInside = tapH < TapsH && row >= 0 && row < Grid.SourceH;
        // The left and the right edge of the map cut the window off.
        int first = KernelMath.Max(-column, 0) * RunChannels, end = KernelMath.Min(RunTaps, Grid.SourceW - column) * RunChannels;
        int index = source + Direction * (tapH * Grid.SourceW + tapW) * Grid.SourceChannels + position;
        return Runs.Load(x, index, position, first, isInside ? end : 0, isWide, isBFloat16);
    }
}
