using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>
/// A convolution as a product of gathered rows: rows of the result are pixels of a grid, its columns channels. The reduction is made of TapsH * TapsW runs, each of them contiguous both in the source
/// and in the filter: the channels of one group at one tap or, where there is one group, those of a whole row of taps. All is affine in the pixel and in the tap (i, j).
/// </summary>
public struct GatherMap
{
    public PixelGrid Grid;

    /// <summary>Rows of taps, and runs in each of them.</summary>
    public int TapsH, TapsW;

    /// <summary>1 where the next tap looks at the next pixel, -1 where at the one before: the gradient of the input.</summary>
    public int Direction;

    /// <summary>Taps of a run, next to each other in the source, and channels of each of them.</summary>
    public int RunTaps, RunChannels;

    /// <summary>Where in the filter the first run is, and floats to the next row of taps and to the next run.</summary>
    public int FilterStart, FilterStepH, FilterStepW;

    /// <summary>Floats from one row of a run's filter to the next, and from one group's filter to the next.</summary>
    public int FilterPitch, FilterGroup;

    /// <summary>Columns of a group's result.</summary>
    public int Columns;

    /// <summary>Where the result of pixel (0, 0) is, and floats to the next image, row and pixel.</summary>
    public int TargetStart, TargetImage, TargetRow, TargetPixel;

    /// <summary>Floats of a run.</summary>
    public readonly int RunLength => RunTaps * RunChannels;

    /// <summary>Four values of a run, zeros where there are none.</summary>
    /// <param name="x">The source.</param>
    /// <param name="source">Index of the pixel that the grid's pixel looks at; h and w: its place.</param>
    /// <param name="tapH">Row of taps; behind the last there is nothing.</param>
    /// <param name="tapW">Run in the row.</param>
    /// <param name="position">Of the first value in the run.</param>
    /// <param name="isWide">Whether channels come in fours.</param>
    internal readonly Float4 Load(ReadOnlyView<float> x, int source, int h, int w, int tapH, int tapW, int position, bool isWide)
    {
        int row = h + Direction * tapH, column = w + Direction * tapW;
        bool isInside = tapH < TapsH && row >= 0 && row < Grid.SourceH;
        // The window is cut off at the left and at the right edge.
        int first = KernelMath.Max(-column, 0) * RunChannels, end = KernelMath.Min(RunTaps, Grid.SourceW - column) * RunChannels;
        int index = source + Direction * (tapH * Grid.SourceW + tapW) * Grid.SourceChannels + position;
        return Runs.Load(x, index, position, first, isInside ? end : 0, isWide);
    }
}
