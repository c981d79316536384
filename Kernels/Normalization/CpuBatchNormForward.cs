using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Gathers the moments of each channel block over the real images of a part of the batch. Memory-bound.</summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="moments">[Blocks][splits][<see cref="BlockMoments.Size"/>]; overwritten.</param>
internal sealed unsafe class CpuBatchNormMoments(CpuBatchNormShape shape, StepScalars* scalars, float* x, double* moments) : ICpuKernel
{
    public int Chunks => shape.Splits * shape.Blocks;

    public void Run(int chunk)
    {
        int block = chunk % shape.Blocks, split = chunk / shape.Blocks, plane = shape.Plane;
        (int first, int last) = shape.ImagesOf(split, scalars->Images);
        float* start = x + (nint)block * plane;
        nint step = (nint)shape.Blocks * plane;
        var sums = new BlockSums(first < last ? start + first * step : null);
        for (int image = first; image < last; image++) sums.Add(start + image * step, shape.Area);
        sums.Store(moments + ((nint)block * shape.Splits + split) * BlockMoments.Size);
    }
}

/// <summary>
/// Computes mean and inverse deviation of each channel from the moments of the batch's parts, or of the ranks, and updates the running
/// statistics if the step says so. A chunk is a channel block.
/// </summary>
/// <param name="channels">Real channels of the blocks.</param>
/// <param name="parts">Parts of the batch, or ranks.</param>
/// <param name="isOfRanks">Whether the ranks' moments lie one after another.</param>
/// <param name="moments">
/// [Blocks][parts][<see cref="BlockMoments.Size"/>], or [ranks][Blocks][<see cref="BlockMoments.Size"/>].
/// </param>
/// <param name="statistics">[2][Blocks * 8] Means, then 1 / sqrt(variance + epsilon); overwritten.</param>
/// <param name="runningMean">[C] Moved towards the mean by the momentum.</param>
/// <param name="runningVariance">[C] Moved towards the unbiased variance by the momentum.</param>
/// <param name="batches">[1] Number of batches; incremented.</param>
internal sealed unsafe class CpuBatchNormStatistics(
    int channels, int parts, bool isOfRanks, float epsilon, float momentum, StepScalars* scalars, double* moments, float* statistics,
    float* runningMean, float* runningVariance, float* batches) : ICpuKernel
{
    public int Chunks => Blocks.Count(channels);

    public void Run(int chunk)
    {
        nint block = isOfRanks ? 1 : parts, pitch = isOfRanks ? Chunks : 1;
        (double real, Double8 mean, Double8 spread) = BlockMoments.Merge(
            moments + chunk * block * BlockMoments.Size, parts, pitch * BlockMoments.Size);
        double* means = stackalloc double[2 * Blocks.Size], spreads = means + Blocks.Size;
        Double8.Store(mean, means);
        Double8.Store(spread, spreads);
        double count = Math.Max(1, real);
        bool updates = scalars->UpdatesState != 0 && real > 0;
        float* target = statistics + chunk * Blocks.Size, inverses = target + Blocks.RoundUp(channels);
        for (int i = 0; i < Blocks.Size; i++)
        {
            double squares = Math.Max(0, spreads[i]);
            target[i] = (float)means[i];
            inverses[i] = (float)(1 / Math.Sqrt(squares / count + epsilon));
            int channel = chunk * Blocks.Size + i;
            if (!updates || channel >= channels) continue;
            runningMean[channel] = (float)(runningMean[channel] + momentum * (means[i] - runningMean[channel]));
            double unbiased = squares / Math.Max(1, count - 1);
            runningVariance[channel] = (float)(runningVariance[channel] + momentum * (unbiased - runningVariance[channel]));
        }
        if (updates && chunk == 0) batches[0]++;
    }
}

/// <summary>
/// Computes y = f((x - mean) / deviation * weight + bias + addend). A chunk is one channel block of one image. Memory-bound.
/// </summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="addend">Like x, or null.</param>
/// <param name="y">Like x, but OutputBlocks from one image to the next; overwritten.</param>
/// <param name="means">[Blocks * 8]</param>
/// <param name="scales">[Blocks * 8] 1 / deviation, or variances if <paramref name="isVariance"/>.</param>
/// <param name="weight">[Blocks * 8]</param>
/// <param name="bias">[Blocks * 8]</param>
[Dispatched]
internal sealed unsafe class CpuBatchNormForward<TFunction>(
    CpuBatchNormShape shape, float epsilon, bool isVariance, float* x, float* addend, float* y, float* means, float* scales,
    float* weight, float* bias, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => shape.Images * shape.Blocks;

    public void Run(int chunk)
    {
        int block = chunk % shape.Blocks, image = chunk / shape.Blocks, lane = block * Blocks.Size, plane = shape.Plane;
        float* factors = stackalloc float[Blocks.Size];
        for (int i = 0; i < Blocks.Size; i++)
            factors[i] = weight[lane + i] * (isVariance ? 1 / MathF.Sqrt(scales[lane + i] + epsilon) : scales[lane + i]);
        Simd8 mean = Simd8.Load(means + lane), factor = Simd8.Load(factors), shift = Simd8.Load(bias + lane);
        nint first = shape.OffsetOf(image, block);
        float* source = x + first, target = y + shape.OutputOffsetOf(image, block), added = addend is null ? null : addend + first;
        TFunction f = function;
        for (nint i = 0; i < plane; i += Blocks.Size)
        {
            Simd8 value = Simd8.MultiplyAdd(Simd8.Load(source + i) - mean, factor, shift);
            if (added is not null) value += Simd8.Load(added + i);
            Simd8.Store(f.Forward(value), target + i);
        }
    }
}
