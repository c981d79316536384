using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>Sizes and offsets of a filter's gradient.</summary>
/// <param name="Images">Batch size.</param>
/// <param name="Rows">Rows of the output map.</param>
/// <param name="Columns">Columns of the output map.</param>
/// <param name="Filter">Layout of the filter and of its gradient.</param>
/// <param name="RowOffsets">[Filter.Rows] offset in x of each row of the filter, in floats; pinned.</param>
/// <param name="XImage">Floats between two images of x.</param>
/// <param name="XRow">Floats in x between the inputs of two rows of the output.</param>
/// <param name="XColumn">Floats in x between the inputs of two columns of the output.</param>
/// <param name="XGroup">Floats in x between two groups of input channels.</param>
/// <param name="DyImage">Floats between two images of dy.</param>
/// <param name="DyBlock">Floats between two channel blocks of dy.</param>
internal sealed record FilterGradientProblem(
    int Images, int Rows, int Columns, FilterLayout Filter, int[] RowOffsets,
    int XImage, int XRow, int XColumn, int XGroup, int DyImage, int DyBlock)
{
    // The part of the gradient that a chunk accumulates stays in the second-level cache: 128 KiB.
    private const int ResidentFloats = 1 << 15;

    // A multiple of the number of rows in either tile.
    private const int RowMultiple = 24;

    private const int EnoughChunks = 8;

    // Floats of an image's output gradient that stay in the second-level cache beside the rest.
    private const int ResidentImage = 1 << 16;

    /// <summary>Number of filter rows that one chunk computes, for all output channels of a group.</summary>
    internal int RowsPerChunk { get; } = ChooseRows(Filter, Rows * Columns);

    internal int RowChunks => (Filter.Rows + RowsPerChunk - 1) / RowsPerChunk;

    /// <summary>
    /// Number of parts that the batch is split into, each with its own partial sum. It follows from the shapes alone, so that the order of
    /// summation is the same for any number of threads.
    /// </summary>
    public int Splits => Math.Clamp((EnoughChunks - 1 + Filter.Groups * RowChunks) / (Filter.Groups * RowChunks), 1, Images);

    /// <summary>
    /// Chooses as many rows as stay resident if the output's gradient does not, so that the gradient is read once. Otherwise chooses few
    /// enough rows to distribute the work without splitting the batch.
    /// </summary>
    private static int ChooseRows(FilterLayout filter, int area)
    {
        int resident = Math.Max(1, ResidentFloats / (RowMultiple * Blocks.RoundUp(filter.Outputs))) * RowMultiple;
        bool large = (long)area * Blocks.RoundUp(filter.Outputs) > ResidentImage;
        int chunks = Math.Max(1, Math.Max((filter.Rows + resident - 1) / resident, large ? 1 : 2 * EnoughChunks / filter.Groups));
        int rows = ((filter.Rows + chunks - 1) / chunks + RowMultiple - 1) / RowMultiple * RowMultiple;
        return Math.Max(2 * RowMultiple, rows);
    }
}

/// <summary>
/// Computes partial[split] = sum over the split's images and all pixels of x (outer) dy, in the filter's layout. Overwrites partial.
/// Compute-bound: dy and the rows of x that a strip of pixels needs stay in the first-level cache.
/// </summary>
internal sealed unsafe class FilterGradient : ICpuKernel
{
    // Pixels in one call of the tile: enough to hide the loads and stores of the accumulators, few enough to stay cached.
    private const int PixelsPerRun = 224;

    private readonly FilterGradientProblem _problem;
    private readonly float* _x, _dy, _partial;
    private readonly int* _rowOffsets;

    /// <param name="problem">Sizes and offsets.</param>
    /// <param name="x">Input, padded where taps reach over the edge.</param>
    /// <param name="dy">Gradient of the convolution's output in channel blocks; lanes past K are zero.</param>
    /// <param name="partial">[Splits][Filter.Count]</param>
    public FilterGradient(FilterGradientProblem problem, float* x, float* dy, float* partial)
    {
        _problem = problem;
        _x = x;
        _dy = dy;
        _partial = partial;
        _rowOffsets = (int*)Unsafe.AsPointer(ref problem.RowOffsets[0]);
    }

    public int Chunks => _problem.Filter.Groups * _problem.RowChunks * _problem.Splits;

    public void Run(int chunk)
    {
        FilterLayout filter = _problem.Filter;
        int rowChunk = chunk % _problem.RowChunks, rest = chunk / _problem.RowChunks;
        int group = rest % filter.Groups, split = rest / filter.Groups;
        int firstImage = (int)((long)split * _problem.Images / _problem.Splits);
        int lastImage = (int)((split + 1L) * _problem.Images / _problem.Splits);
        int firstRow = rowChunk * _problem.RowsPerChunk, lastRow = Math.Min(filter.Rows, firstRow + _problem.RowsPerChunk);
        float* dw = _partial + (nint)split * filter.Count;
        foreach (FilterStrip strip in filter.Strips)
            if (strip.Group == group)
                new Span<float>(dw + strip.Offset + (nint)firstRow * strip.Width, (lastRow - firstRow) * strip.Width).Clear();

        float* x = _x + (nint)group * _problem.XGroup + (nint)firstImage * _problem.XImage;
        float* dy = _dy + (nint)firstImage * _problem.DyImage;
        int images = lastImage - firstImage;
        if (_problem.Rows == 1 && _problem.Columns == 1)
        {
            // In a fully connected layer the images take the place of pixels.
            var run = new PixelRun(1, 1, images, 0, 0, _problem.XImage, 0, 0, _problem.DyImage);
            Strips(group, x, dy, run, firstRow, lastRow, dw);
            return;
        }

        int imagesPerRun = Math.Max(1, PixelsPerRun / (_problem.Rows * _problem.Columns));
        int rowsPerRun = Math.Clamp(PixelsPerRun / _problem.Columns, 1, _problem.Rows);
        if (2 * rowsPerRun > _problem.Rows) rowsPerRun = _problem.Rows;
        for (int image = 0; image < images; image += imagesPerRun)
            for (int row = 0; row < _problem.Rows; row += rowsPerRun)
            {
                var run = new PixelRun(
                    Math.Min(imagesPerRun, images - image), Math.Min(rowsPerRun, _problem.Rows - row), _problem.Columns,
                    _problem.XImage, _problem.XRow, _problem.XColumn, _problem.DyImage, _problem.Columns * Blocks.Size, Blocks.Size);
                Strips(group,
                    x + (nint)image * _problem.XImage + (nint)row * _problem.XRow,
                    dy + (nint)image * _problem.DyImage + (nint)row * _problem.Columns * Blocks.Size,
                    run, firstRow, lastRow, dw);
            }
    }

    private void Strips(int group, float* x, float* dy, in PixelRun run, int firstRow, int lastRow, float* dw)
    {
        foreach (FilterStrip strip in _problem.Filter.Strips)
            if (strip.Group == group)
                FilterRows.Run(
                    strip, _problem.Filter.VectorWidth, x, _rowOffsets, dy + (nint)(strip.Channel / Blocks.Size) * _problem.DyBlock,
                    _problem.DyBlock, run, firstRow, lastRow, dw + strip.Offset);
    }
}
