using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>Runs the tiles of one strip of a filter's gradient over a range of its rows.</summary>
internal static unsafe class FilterRows
{
    /// <param name="x">
    /// Input at the run's first pixel. The ascending <paramref name="offsets"/> of the filter's rows are relative to it.
    /// </param>
    /// <param name="dy">
    /// The strip's first channel block of the output's gradient, at the run's first pixel. Blocks are <paramref name="blockStride"/> floats
    /// apart.
    /// </param>
    /// <param name="firstRow">First row of the filter.</param>
    /// <param name="lastRow">One past the last row.</param>
    /// <param name="dw">The strip's gradient, which is added to.</param>
    public static void Run(
        FilterStrip strip, int vectorWidth, float* x, int* offsets, float* dy, nint blockStride, in PixelRun run,
        int firstRow, int lastRow, float* dw)
    {
        if (strip.Width == 2 * vectorWidth)
        {
            if (vectorWidth == 16) Wide<Simd16>(x, offsets, dy, blockStride, run, firstRow, lastRow, dw);
            else Wide<Simd8>(x, offsets, dy, blockStride, run, firstRow, lastRow, dw);
        }
        else if (strip.Width == 16) Narrow<Simd16>(x, offsets, dy, blockStride, run, firstRow, lastRow, dw);
        else Narrow<Simd8>(x, offsets, dy, blockStride, run, firstRow, lastRow, dw);
    }

    private static void Wide<T>(
        float* x, int* offsets, float* dy, nint blockStride, in PixelRun run, int firstRow, int lastRow, float* dw)
        where T : unmanaged, ISimd<T>
    {
        int* tail = stackalloc int[FilterTile.WideRows];
        for (int row = firstRow; row < lastRow;)
        {
            float* target = dw + (nint)row * 2 * T.Width;
            if (T.Width == 16 && row + FilterTile.NeighbourRows <= lastRow && AreNeighbours(offsets + row))
            {
                FilterTile.Neighbours<T>(x + offsets[row], dy, blockStride, run, target);
                row += FilterTile.NeighbourRows;
                continue;
            }
            int count = Math.Min(FilterTile.WideRows, lastRow - row);
            FilterTile.Wide<T>(x, Rows(offsets + row, count, FilterTile.WideRows, tail), count, dy, blockStride, run, target);
            row += count;
        }
    }

    /// <summary>
    /// Returns whether the rows are contiguous in x. Offsets are strictly ascending, so comparing the first and the last suffices.
    /// </summary>
    private static bool AreNeighbours(int* offsets) => offsets[FilterTile.NeighbourRows - 1] - offsets[0] == FilterTile.NeighbourRows - 1;

    private static void Narrow<T>(
        float* x, int* offsets, float* dy, nint blockStride, in PixelRun run, int firstRow, int lastRow, float* dw)
        where T : unmanaged, ISimd<T>
    {
        int* tail = stackalloc int[FilterTile.NarrowRows];
        for (int row = firstRow; row < lastRow; row += FilterTile.NarrowRows)
        {
            int count = Math.Min(FilterTile.NarrowRows, lastRow - row);
            int* rows = Rows(offsets + row, count, FilterTile.NarrowRows, tail);
            FilterTile.Narrow<T>(x, rows, count, dy, blockStride, run, dw + (nint)row * T.Width);
        }
    }

    private static int* Rows(int* offsets, int count, int full, int* tail)
    {
        if (count == full) return offsets;
        for (int i = 0; i < full; i++) tail[i] = offsets[Math.Min(i, count - 1)];
        return tail;
    }
}
