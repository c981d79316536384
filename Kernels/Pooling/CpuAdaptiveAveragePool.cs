using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Pooling;

/// <summary>Averages each bin. A chunk is one channel block of one image. Memory-bound.</summary>
/// <param name="planes">Images times channel blocks.</param>
/// <param name="x">[planes][H][W][8]</param>
/// <param name="y">[planes][P][Q][8]; overwritten.</param>
internal sealed unsafe class CpuAdaptiveAveragePoolForward(int planes, AdaptiveBins rows, AdaptiveBins columns, float* x, float* y)
    : ICpuKernel
{
    public int Chunks => planes;

    public void Run(int chunk)
    {
        float* plane = x + (nint)chunk * rows.Pixels * columns.Pixels * Blocks.Size;
        float* target = y + (nint)chunk * rows.Bins * columns.Bins * Blocks.Size;
        for (int p = 0; p < rows.Bins; p++)
        {
            (int firstRow, int lastRow) = rows.PixelsOf(p);
            for (int q = 0; q < columns.Bins; q++, target += Blocks.Size)
            {
                (int firstColumn, int lastColumn) = columns.PixelsOf(q);
                Simd8 sum = Simd8.Zero;
                for (int row = firstRow; row < lastRow; row++)
                    for (int column = firstColumn; column < lastColumn; column++)
                        sum += Simd8.Load(plane + ((nint)row * columns.Pixels + column) * Blocks.Size);
                Simd8.Store(sum * Simd8.Create(1f / ((lastRow - firstRow) * (lastColumn - firstColumn))), target);
            }
        }
    }
}

/// <summary>Computes the gradient of an adaptive average pool: each output's gradient is distributed over its bin. Overwrites dx.</summary>
/// <param name="planes">Images times channel blocks.</param>
/// <param name="dy">[planes][P][Q][8]</param>
/// <param name="dx">[planes][H][W][8]</param>
internal sealed unsafe class CpuAdaptiveAveragePoolBackward(int planes, AdaptiveBins rows, AdaptiveBins columns, float* dy, float* dx)
    : ICpuKernel
{
    public int Chunks => planes;

    public void Run(int chunk)
    {
        int count = rows.Pixels * columns.Pixels * Blocks.Size;
        float* plane = dx + (nint)chunk * count, gradient = dy + (nint)chunk * rows.Bins * columns.Bins * Blocks.Size;
        new Span<float>(plane, count).Clear();
        for (int p = 0; p < rows.Bins; p++)
        {
            (int firstRow, int lastRow) = rows.PixelsOf(p);
            for (int q = 0; q < columns.Bins; q++, gradient += Blocks.Size)
            {
                (int firstColumn, int lastColumn) = columns.PixelsOf(q);
                Simd8 share = Simd8.Load(gradient) * Simd8.Create(1f / ((lastRow - firstRow) * (lastColumn - firstColumn)));
                for (int row = firstRow; row < lastRow; row++)
                    for (int column = firstColumn; column < lastColumn; column++)
                    {
                        float* pixel = plane + ((nint)row * columns.Pixels + column) * Blocks.Size;
                        Simd8.Store(Simd8.Load(pixel) + share, pixel);
                    }
            }
        }
    }
}
