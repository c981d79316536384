using System.Runtime.Intrinsics;
using KernelBlocks = GpuCnn.Kernels.Cpu.Blocks;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// Finds the largest value of each window and its position: the first in row-major order if several are equal. NaN wins. A chunk is one
/// channel block of one image. Memory-bound.
/// </summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="y">[N][Blocks][P][Q][8]; overwritten.</param>
/// <param name="winners">
/// [N][Blocks][P][Q][8] Offset of the winner in its H by W plane, in pixels. Null if there is no backward pass.
/// </param>
internal sealed unsafe class CpuMaxPoolForward(CpuPoolShape shape, int images, float* x, float* y, int* winners) : Cpu.ICpuKernel
{
    public int Chunks => images * shape.Blocks;

    public void Run(int chunk)
    {
        float* plane = x + (nint)chunk * shape.H * shape.W * KernelBlocks.Size;
        nint target = (nint)chunk * shape.OutputHeight * shape.OutputWidth * KernelBlocks.Size;
        for (int p = 0; p < shape.OutputHeight; p++)
        {
            (int firstRow, int lastRow) = shape.RowsOf(p);
            for (int q = 0; q < shape.OutputWidth; q++, target += KernelBlocks.Size)
            {
                (int firstColumn, int lastColumn) = shape.ColumnsOf(q);
                Vector256<float> best = Vector256.Create(float.NegativeInfinity);
                Vector256<int> winner = Vector256.Create(firstRow * shape.W + firstColumn);
                for (int row = firstRow; row < lastRow; row++)
                    for (int column = firstColumn; column < lastColumn; column++)
                    {
                        int pixel = row * shape.W + column;
                        Vector256<float> value = Vector256.Load(plane + (nint)pixel * KernelBlocks.Size);
                        Vector256<float> take = Vector256.Equals(best, best) & ~Vector256.LessThanOrEqual(value, best);
                        best = Vector256.ConditionalSelect(take, value, best);
                        winner = Vector256.ConditionalSelect(take.AsInt32(), Vector256.Create(pixel), winner);
                    }
                best.Store(y + target);
                if (winners is not null) winner.Store(winners + target);
            }
        }
    }
}

/// <summary>Computes the gradient of a max pool: each output's gradient is added to the winning input. Overwrites dx.</summary>
/// <param name="dy">[N][Blocks][P][Q][8]</param>
/// <param name="winners">Written by the forward pass.</param>
/// <param name="dx">[N][Blocks][H][W][8]</param>
internal sealed unsafe class CpuMaxPoolBackward(CpuPoolShape shape, int images, float* dy, int* winners, float* dx) : Cpu.ICpuKernel
{
    public int Chunks => images * shape.Blocks;

    public void Run(int chunk)
    {
        int count = shape.H * shape.W * KernelBlocks.Size;
        float* plane = dx + (nint)chunk * count;
        new Span<float>(plane, count).Clear();
        int outputs = shape.OutputHeight * shape.OutputWidth * KernelBlocks.Size;
        float* gradient = dy + (nint)chunk * outputs;
        int* winner = winners + (nint)chunk * outputs;
        for (int i = 0; i < outputs; i += KernelBlocks.Size)
        {
            plane[winner[i] * KernelBlocks.Size] += gradient[i];
            plane[winner[i + 1] * KernelBlocks.Size + 1] += gradient[i + 1];
            plane[winner[i + 2] * KernelBlocks.Size + 2] += gradient[i + 2];
            plane[winner[i + 3] * KernelBlocks.Size + 3] += gradient[i + 3];
            plane[winner[i + 4] * KernelBlocks.Size + 4] += gradient[i + 4];
            plane[winner[i + 5] * KernelBlocks.Size + 5] += gradient[i + 5];
            plane[winner[i + 6] * KernelBlocks.Size + 6] += gradient[i + 6];
            plane[winner[i + 7] * KernelBlocks.Size + 7] += gradient[i + 7];
        }
    }
}
