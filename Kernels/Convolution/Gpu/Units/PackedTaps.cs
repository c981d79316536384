using System.Numerics;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Kernels.Convolution.Gpu.Units;

/// <summary>
/// Layout of a convolution's input whose channels are not whole loads of 16 bytes, [image][H][<see cref="Width"/>][<see
/// cref="RunValues"/>]: a load holds as many neighbouring pixels of a row as fit, so that a row of taps is a few whole loads. 7 taps of 3
/// channels are 4 loads of bfloat16, each of 2 taps x 4 channels. The filter has the same order: [R][<see cref="RowRuns"/>][<see
/// cref="RunValues"/>][K]. What has no pixel, no tap or no channel is zero.
/// </summary>
/// <remarks>
/// Runs start at every pixel that a window's load may start at: a stride of 2 with 2 taps in a run stores each pixel once, a stride of 1
/// stores each pixel in two runs, as a copy moved by one pixel would. So all loads are aligned. The border is stored left and right. Rows
/// above and below the image are not stored, and neither is a border of runs of a single pixel: no load crosses it.
/// </remarks>
internal readonly record struct PackedTaps
{
    private readonly ConvolutionShape _shape;
    private readonly int _perFloat;

    /// <param name="shape">Of a convolution without groups.</param>
    /// <param name="factors">What is multiplied, TF32 or bfloat16.</param>
    public PackedTaps(ConvolutionShape shape, FactorType factors)
    {
        int perLoad = factors.PerLoad();
        _shape = shape;
        _perFloat = factors.PerFloat();
        TapChannels = shape.C < perLoad ? (int)BitOperations.RoundUpToPowerOf2((uint)shape.C) : (shape.C + perLoad - 1) / perLoad * perLoad;
        RunTaps = Math.Max(1, perLoad / TapChannels);
        RowRuns = (shape.S + RunTaps - 1) / RunTaps;
        // The greatest common divisor, because RunTaps is a power of two.
        Step = Math.Min(RunTaps, shape.StrideW & -shape.StrideW);
        Width = RunTaps == 1 ? shape.W : (shape.OutputWidth - 1) * (shape.StrideW / Step) + (RowRuns - 1) * RunStep + 1;
    }

    /// <summary>Channels of a tap, with those that are zero.</summary>
    public int TapChannels { get; }

    /// <summary>Taps in a run, and runs in a row of taps. The last run may hold taps that do not exist.</summary>
    public int RunTaps { get; }

    /// <inheritdoc cref="RunTaps"/>
    public int RowRuns { get; }

    /// <summary>Pixels from one run in memory to the next, and runs in memory from one run of a window to its next.</summary>
    public int Step { get; }

    /// <inheritdoc cref="Step"/>
    public int RunStep => RunTaps / Step;

    /// <summary>Runs in a row of the image.</summary>
    public int Width { get; }

    /// <summary>Values of a run: whole loads.</summary>
    public int RunValues => RunTaps * TapChannels;

    /// <summary>Rows of the packed filter: values of a window.</summary>
    public int WindowValues => _shape.R * RowRuns * RunValues;

    /// <summary>Returns the grid of windows over the packed input.</summary>
    /// <param name="grid">That over the input as it is.</param>
    public PixelGrid Over(PixelGrid grid)
    {
        grid.SourceW = Width;
        grid.SourceChannels = RunValues;
        if (RunTaps == 1) return grid;
        grid.StepW /= Step;
        grid.StartW = 0;
        return grid;
    }

    /// <summary>Where the rows of the packed filter lie in the filter.</summary>
    public PackedRows Rows => new(_shape.S, _shape.C, RowRuns * RunTaps, TapChannels);

    /// <summary>Floats of the packed input.</summary>
    public long InputFloats(int images)
    {
        long values = (long)images * _shape.H * Width * RunValues;
        return values <= int.MaxValue ? values / _perFloat : throw new ArgumentException(
            $"A batch of {images} images of {_shape} has a packed copy of {values} values, but kernels index at most {int.MaxValue}; take "
            + "a smaller batch.");
    }

    /// <summary>Floats of the packed filter.</summary>
    public long FilterFloats => (long)WindowValues * _shape.K / _perFloat;

    /// <summary>Writes the packed input.</summary>
    /// <param name="packed">[<see cref="InputFloats"/>]; overwritten.</param>
    /// <param name="isBFloat16">Whether x is stored as bfloat16.</param>
    public void PackInput(IKernelLaunches launches, ReadOnlyView<float> x, View<float> packed, int images, bool isBFloat16)
    {
        int loads = (int)(InputFloats(images) / 4), start = RunTaps == 1 ? 0 : -_shape.PadW;
        launches.Add(new PackTaps(
            isBFloat16, _perFloat == 2, x, packed,
            new()
            {
                Channels = _shape.C,
                Columns = _shape.W,
                TapChannels = new(TapChannels),
                RunLoads = new(RunValues / (4 * _perFloat)),
                Width = new(Width),
                Step = Step,
                Start = start,
            },
            loads));
    }

    /// <summary>Writes the packed filter.</summary>
    /// <param name="filter">[R][S][C][K], stored as what is multiplied.</param>
    /// <param name="packed">[<see cref="FilterFloats"/>]; overwritten.</param>
    public void PackFilter(IKernelLaunches launches, ReadOnlyView<float> filter, View<float> packed) => launches.Add(
        new PackFilter(filter, packed, Rows, new(_shape.K / (4 * _perFloat)), (int)(FilterFloats / 4)));
}

/// <summary>Where the rows of a filter in the order of packed taps lie in the filter, [R][S][C].</summary>
internal struct PackedRows(int s, int c, int rowTaps, int tapChannels)
{
    /// <summary>Columns and channels of the filter.</summary>
    public int S = s, C = c;

    /// <summary>Taps in a row and channels of a tap, with those that are padding.</summary>
    public Divisor RowTaps = new(rowTaps), TapChannels = new(tapChannels);

    /// <summary>Returns the row of the filter, or -1 for padding.</summary>
    public static int Of(PackedRows rows, int row)
    {
        int tap = rows.TapChannels.Divide(row), channel = row - tap * rows.TapChannels.Value, r = rows.RowTaps.Divide(tap);
        int column = tap - r * rows.RowTaps.Value;
        return column < rows.S && channel < rows.C ? (r * rows.S + column) * rows.C + channel : -1;
    }
}
