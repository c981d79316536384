using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Kernels.Steps;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Sums of each channel, in float64, over the real images of a part of the batch: of the differences to the channel's first value, and of their squares. Differences, because squares of
/// what lies far from 0 would drown them. Memory bound.
/// </summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="sums">[splits][2][Blocks * 8]; overwritten.</param>
public sealed unsafe class CpuBatchNormSums(CpuBatchNormShape shape, StepScalars* scalars, float* x, double* sums) : ICpuKernel
{
    public int Chunks => shape.Splits * shape.Blocks;

    public void Run(int chunk)
    {
        int block = chunk % shape.Blocks, split = chunk / shape.Blocks, plane = shape.Plane;
        (int first, int last) = shape.ImagesOf(split, scalars->Images);
        Double8 origin = Simd8.Widen(Simd8.Load(x + (nint)block * plane)), sum = Double8.Zero, squares = Double8.Zero;
        for (int image = first; image < last; image++)
        {
            float* source = x + ((nint)image * shape.Blocks + block) * plane;
            for (nint i = 0; i < plane; i += Blocks.Size)
            {
                Double8 difference = Simd8.Widen(Simd8.Load(source + i)) - origin;
                sum += difference;
                squares += difference * difference;
            }
        }
        double* target = sums + (nint)split * 2 * shape.Stored + block * Blocks.Size;
        Double8.Store(sum, target);
        Double8.Store(squares, target + shape.Stored);
    }
}

/// <summary>Mean and inverse deviation of each channel from the sums, and the running statistics after them where the step says so.</summary>
/// <param name="x">[N][Blocks][H][W][8]; of which the first pixel is read.</param>
/// <param name="sums">[splits][2][Blocks * 8]</param>
/// <param name="statistics">[2][Blocks * 8] means, then 1 / sqrt(variance + epsilon); overwritten.</param>
/// <param name="runningMean">[C]; moved by the momentum.</param>
/// <param name="runningVariance">[C]; the same, towards the unbiased variance.</param>
/// <param name="batches">[1]; counted up.</param>
public sealed unsafe class CpuBatchNormStatistics(
    CpuBatchNormShape shape, float epsilon, float momentum, StepScalars* scalars, float* x, double* sums, float* statistics, float* runningMean, float* runningVariance,
    float* batches) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk)
    {
        double count = Math.Max(1.0, (double)scalars->Images * shape.Area);
        bool updates = scalars->UpdatesState != 0 && scalars->Images > 0;
        for (int channel = 0; channel < shape.Stored; channel++)
        {
            (double sum, double squares) = shape.Total(sums, channel);
            double mean = x[(nint)(channel / Blocks.Size) * shape.Plane + channel % Blocks.Size] + sum / count, spread = Math.Max(0, squares - sum * sum / count);
            statistics[channel] = (float)mean;
            statistics[shape.Stored + channel] = (float)(1 / Math.Sqrt(spread / count + epsilon));
            if (!updates || channel >= shape.Channels) continue;
            runningMean[channel] = (float)(runningMean[channel] + momentum * (mean - runningMean[channel]));
            runningVariance[channel] = (float)(runningVariance[channel] + momentum * (spread / Math.Max(1, count - 1) - runningVariance[channel]));
        }
        if (updates) batches[0]++;
    }
}

/// <summary>y = f((x - mean) / deviation * weight + bias + addend). A chunk is one channel block of one image. Memory bound.</summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="addend">As x, or null.</param>
/// <param name="y">As x, but OutputBlocks from one image to the next; overwritten.</param>
/// <param name="means">[Blocks * 8]</param>
/// <param name="scales">[Blocks * 8] 1 / deviation, or variances where <paramref name="isVariance"/>.</param>
/// <param name="weight">[Blocks * 8]</param>
/// <param name="bias">[Blocks * 8]</param>
public sealed unsafe class CpuBatchNormForward<TFunction>(
    CpuBatchNormShape shape, float epsilon, bool isVariance, float* x, float* addend, float* y, float* means, float* scales, float* weight, float* bias, TFunction function) : ICpuKernel
    where TFunction : struct, IPointwise
{
    public int Chunks => shape.Images * shape.Blocks;

    public void Run(int chunk)
    {
        int block = chunk % shape.Blocks, image = chunk / shape.Blocks, lane = block * Blocks.Size, plane = shape.Plane;
        float* factors = stackalloc float[Blocks.Size];
        for (int i = 0; i < Blocks.Size; i++) factors[i] = weight[lane + i] * (isVariance ? 1 / MathF.Sqrt(scales[lane + i] + epsilon) : scales[lane + i]);
        Simd8 mean = Simd8.Load(means + lane), factor = Simd8.Load(factors), shift = Simd8.Load(bias + lane);
        nint first = shape.OffsetOf(image, block);
        float* source = x + first, target = y + shape.OutputOffsetOf(image, block), added = addend == null ? null : addend + first;
        TFunction f = function;
        for (nint i = 0; i < plane; i += Blocks.Size)
        {
            Simd8 value = Simd8.MultiplyAdd(Simd8.Load(source + i) - mean, factor, shift);
            if (added != null) value += Simd8.Load(added + i);
            Simd8.Store(f.Forward(value), target + i);
        }
    }
}
