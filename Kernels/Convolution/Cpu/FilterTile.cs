using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;
using static GpuCnn.Kernels.Convolution.Cpu.Accumulators;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Pixels that a filter gradient sums over in one call: images, rows and columns, and the strides in floats of x and dy along each.
/// </summary>
internal readonly struct PixelRun(
    nint images, nint rows, nint columns, nint xImage, nint xRow, nint xColumn, nint dyImage, nint dyRow, nint dyColumn)
{
    public readonly nint Images = images, Rows = rows, Columns = columns;
    public readonly nint XImage = xImage, XRow = xRow, XColumn = xColumn;
    public readonly nint DyImage = dyImage, DyRow = dyRow, DyColumn = dyColumn;
}

/// <summary>
/// Innermost loops of a filter's gradient. A few rows of the filter by one or two vectors of output channels stay in registers while the
/// pixels stream past: dw[row] += x[pixel + row offset] * dy[pixel].
/// </summary>
internal static unsafe class FilterTile
{
    public const int WideRows = 6;
    public const int NarrowRows = 8;
    public const int NeighbourRows = 8;

    /// <summary>Adds 6 rows by two vectors to <paramref name="dw"/>. The first <paramref name="count"/> rows are real.</summary>
    /// <param name="x">Input at the run's first pixel; <paramref name="rows"/>[0..5] are offsets from it.</param>
    /// <param name="dy">
    /// Gradient of the output at the run's first pixel, in channel blocks <paramref name="blockStride"/> floats apart.
    /// </param>
    /// <param name="dw">[count][2 * Width].</param>
    public static void Wide<T>(float* x, int* rows, int count, float* dy, nint blockStride, in PixelRun run, float* dw)
        where T : unmanaged, ISimd<T>
    {
        nint r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3], r4 = rows[4], r5 = rows[5];
        T a0 = T.Zero, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0;
        nint second = T.Width / Blocks.Size * blockStride, xColumn = run.XColumn, dyColumn = run.DyColumn;
        for (nint image = run.Images; image > 0; image--)
        {
            float* xRow = x, dyRow = dy;
            for (nint row = run.Rows; row > 0; row--)
            {
                float* source = xRow, gradient = dyRow;
                for (nint column = run.Columns; column > 0; column--)
                {
                    T u = T.LoadBlocks(gradient, blockStride), v = T.LoadBlocks(gradient + second, blockStride);
                    Add(source[r0], u, v, ref a0, ref b0);
                    Add(source[r1], u, v, ref a1, ref b1);
                    Add(source[r2], u, v, ref a2, ref b2);
                    Add(source[r3], u, v, ref a3, ref b3);
                    Add(source[r4], u, v, ref a4, ref b4);
                    Add(source[r5], u, v, ref a5, ref b5);
                    source += xColumn;
                    gradient += dyColumn;
                }
                xRow += run.XRow;
                dyRow += run.DyRow;
            }
            x += run.XImage;
            dy += run.DyImage;
        }
        Accumulate(a0, b0, dw);
        if (count > 1) Accumulate(a1, b1, dw + 2 * T.Width);
        if (count > 2) Accumulate(a2, b2, dw + 4 * T.Width);
        if (count > 3) Accumulate(a3, b3, dw + 6 * T.Width);
        if (count > 4) Accumulate(a4, b4, dw + 8 * T.Width);
        if (count > 5) Accumulate(a5, b5, dw + 10 * T.Width);
    }

    /// <summary>
    /// Adds 8 rows by two vectors, for rows that are neighbours in x, such as the lanes of a tap: one address serves them all. For machines
    /// with 32 vector registers.
    /// </summary>
    /// <param name="x">Input at the run's first pixel and the first row.</param>
    /// <inheritdoc cref="Wide{T}"/>
    public static void Neighbours<T>(float* x, float* dy, nint blockStride, in PixelRun run, float* dw)
        where T : unmanaged, ISimd<T>
    {
        T a0 = T.Zero, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        T b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0, b6 = a0, b7 = a0;
        nint second = T.Width / Blocks.Size * blockStride, xColumn = run.XColumn, dyColumn = run.DyColumn;
        for (nint image = run.Images; image > 0; image--)
        {
            float* xRow = x, dyRow = dy;
            for (nint row = run.Rows; row > 0; row--)
            {
                float* source = xRow, gradient = dyRow;
                for (nint column = run.Columns; column > 0; column--)
                {
                    T u = T.LoadBlocks(gradient, blockStride), v = T.LoadBlocks(gradient + second, blockStride);
                    Add(source[0], u, v, ref a0, ref b0);
                    Add(source[1], u, v, ref a1, ref b1);
                    Add(source[2], u, v, ref a2, ref b2);
                    Add(source[3], u, v, ref a3, ref b3);
                    Add(source[4], u, v, ref a4, ref b4);
                    Add(source[5], u, v, ref a5, ref b5);
                    Add(source[6], u, v, ref a6, ref b6);
                    Add(source[7], u, v, ref a7, ref b7);
                    source += xColumn;
                    gradient += dyColumn;
                }
                xRow += run.XRow;
                dyRow += run.DyRow;
            }
            x += run.XImage;
            dy += run.DyImage;
        }
        int width = 2 * T.Width;
        Accumulate(a0, b0, dw);
        Accumulate(a1, b1, dw + width);
        Accumulate(a2, b2, dw + 2 * width);
        Accumulate(a3, b3, dw + 3 * width);
        Accumulate(a4, b4, dw + 4 * width);
        Accumulate(a5, b5, dw + 5 * width);
        Accumulate(a6, b6, dw + 6 * width);
        Accumulate(a7, b7, dw + 7 * width);
    }

    /// <summary>Adds 8 rows by one vector.</summary>
    /// <inheritdoc cref="Wide{T}"/>
    public static void Narrow<T>(float* x, int* rows, int count, float* dy, nint blockStride, in PixelRun run, float* dw)
        where T : unmanaged, ISimd<T>
    {
        nint r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3], r4 = rows[4], r5 = rows[5], r6 = rows[6], r7 = rows[7];
        T a0 = T.Zero, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        nint xColumn = run.XColumn, dyColumn = run.DyColumn;
        for (nint image = run.Images; image > 0; image--)
        {
            float* xRow = x, dyRow = dy;
            for (nint row = run.Rows; row > 0; row--)
            {
                float* source = xRow, gradient = dyRow;
                for (nint column = run.Columns; column > 0; column--)
                {
                    T u = T.LoadBlocks(gradient, blockStride);
                    a0 = T.MultiplyAdd(T.Create(source[r0]), u, a0);
                    a1 = T.MultiplyAdd(T.Create(source[r1]), u, a1);
                    a2 = T.MultiplyAdd(T.Create(source[r2]), u, a2);
                    a3 = T.MultiplyAdd(T.Create(source[r3]), u, a3);
                    a4 = T.MultiplyAdd(T.Create(source[r4]), u, a4);
                    a5 = T.MultiplyAdd(T.Create(source[r5]), u, a5);
                    a6 = T.MultiplyAdd(T.Create(source[r6]), u, a6);
                    a7 = T.MultiplyAdd(T.Create(source[r7]), u, a7);
                    source += xColumn;
                    gradient += dyColumn;
                }
                xRow += run.XRow;
                dyRow += run.DyRow;
            }
            x += run.XImage;
            dy += run.DyImage;
        }
        int width = T.Width;
        Accumulate(a0, dw);
        if (count > 1) Accumulate(a1, dw + width);
        if (count > 2) Accumulate(a2, dw + 2 * width);
        if (count > 3) Accumulate(a3, dw + 3 * width);
        if (count > 4) Accumulate(a4, dw + 4 * width);
        if (count > 5) Accumulate(a5, dw + 5 * width);
        if (count > 6) Accumulate(a6, dw + 6 * width);
        if (count > 7) Accumulate(a7, dw + 7 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate<T>(T a, T b, float* dw) where T : unmanaged, ISimd<T>
    {
        Accumulate(a, dw);
        Accumulate(b, dw + T.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate<T>(T a, float* dw) where T : unmanaged, ISimd<T> => T.Store(T.Load(dw) + a, dw);
}
