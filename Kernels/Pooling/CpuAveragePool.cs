using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Pooling;

/// <summary>Computes the factor that turns a window's sum into its average, also for windows that extend past the edge.</summary>
internal static class AverageDivisor
{
    /// <summary>
    /// Counts the window's part inside the padded input with <paramref name="countPadding"/> (PyTorch's default), else the part inside the
    /// input.
    /// </summary>
    public static float Inverse(CpuPoolShape shape, int p, int q, bool countPadding)
    {
        if (!countPadding)
        {
            (int firstRow, int lastRow) = shape.RowsOf(p);
            (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
            return 1f / ((lastRow - firstRow) * (lastColumn - firstColumn));
        }
        int top = p * shape.StrideH - shape.PadH, left = q * shape.StrideW - shape.PadW;
        int rows = Math.Min(top + shape.R, shape.H + shape.PadH) - top, columns = Math.Min(left + shape.S, shape.W + shape.PadW) - left;
        return 1f / (rows * columns);
    }
}

/// <summary>Averages each window. A chunk is one channel block of one image. Memory-bound.</summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="y">[N][Blocks][P][Q][8]; overwritten.</param>
internal sealed unsafe class CpuAveragePoolForward(CpuPoolShape shape, int images, bool countPadding, float* x, float* y) : ICpuKernel
{
    public int Chunks => images * shape.Blocks;

    public void Run(int chunk)
    {
        float* plane = x + (nint)chunk * shape.H * shape.W * Blocks.Size;
        float* target = y + (nint)chunk * shape.OutputHeight * shape.OutputWidth * Blocks.Size;
        for (int p = 0; p < shape.OutputHeight; p++)
        {
            (int firstRow, int lastRow) = shape.RowsOf(p);
            for (int q = 0; q < shape.OutputWidth; q++, target += Blocks.Size)
            {
                (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
                Simd8 sum = Simd8.Zero;
                for (int row = firstRow; row < lastRow; row++)
                    for (int column = firstColumn; column < lastColumn; column++)
                        sum += Simd8.Load(plane + ((nint)row * shape.W + column) * Blocks.Size);
                Simd8.Store(sum * Simd8.Create(AverageDivisor.Inverse(shape, p, q, countPadding)), target);
            }
        }
    }
}

/// <summary>Computes the gradient of an average pool: each output's gradient is distributed over its window. Overwrites dx.</summary>
/// <param name="dy">[N][Blocks][P][Q][8]</param>
/// <param name="dx">[N][Blocks][H][W][8]</param>
internal sealed unsafe class CpuAveragePoolBackward(CpuPoolShape shape, int images, bool countPadding, float* dy, float* dx) : ICpuKernel
{
    public int Chunks => images * shape.Blocks;

    public void Run(int chunk)
    {
        int count = shape.H * shape.W * Blocks.Size;
        float* plane = dx + (nint)chunk * count;
        new Span<float>(plane, count).Clear();
        float* gradient = dy + (nint)chunk * shape.OutputHeight * shape.OutputWidth * Blocks.Size;
        for (int p = 0; p < shape.OutputHeight; p++)
        {
            (int firstRow, int lastRow) = shape.RowsOf(p);
            for (int q = 0; q < shape.OutputWidth; q++, gradient += Blocks.Size)
            {
                (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
                Simd8 share = Simd8.Load(gradient) * Simd8.Create(AverageDivisor.Inverse(shape, p, q, countPadding));
                for (int row = firstRow; row < lastRow; row++)
                    for (int column = firstColumn; column < lastColumn; column++)
                    {
                        float* pixel = plane + ((nint)row * shape.W + column) * Blocks.Size;
                        Simd8.Store(Simd8.Load(pixel) + share, pixel);
                    }
            }
        }
    }
}
