using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Writes means and inverse deviations of frozen running statistics, as the gradient's sums read them.</summary>
/// <param name="means">[Blocks * 8]</param>
/// <param name="variances">[Blocks * 8]</param>
/// <param name="statistics">[2][Blocks * 8] Means, then 1 / sqrt(variance + epsilon); overwritten.</param>
internal sealed unsafe class CpuBatchNormFrozenStatistics(
    CpuBatchNormShape shape, float* means, float* variances, float* statistics, float epsilon) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk)
    {
        for (int channel = 0; channel < shape.Stored; channel++)
        {
            statistics[channel] = means[channel];
            statistics[shape.Stored + channel] = (float)(1 / Math.Sqrt((double)variances[channel] + epsilon));
        }
    }
}

/// <summary>
/// Computes dx = weight / sqrt(variance + epsilon) dz for the real images and 0 for the others, with dz = f'(y) dy: the statistics do not
/// depend on x. Also writes dz if an addend needs a gradient. A chunk is one channel block of one image. Memory-bound.
/// </summary>
/// <param name="y">[N][Blocks][H][W][8], but OutputBlocks from one image to the next.</param>
/// <param name="dy">Like y.</param>
/// <param name="dx">[N][Blocks][H][W][8]; overwritten.</param>
/// <param name="daddend">Like dx, or null; overwritten.</param>
/// <param name="variances">[Blocks * 8]</param>
/// <param name="weight">[Blocks * 8]</param>
[Dispatched]
internal sealed unsafe class CpuBatchNormFrozenInputGradient<TFunction>(
    CpuBatchNormShape shape, float epsilon, StepScalars* scalars, float* y, float* dy, float* dx, float* daddend, float* variances,
    float* weight, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => shape.Images * shape.Blocks;

    public void Run(int chunk)
    {
        int block = chunk % shape.Blocks, image = chunk / shape.Blocks, lane = block * Blocks.Size, plane = shape.Plane;
        Simd8 scale = Simd8.Load(weight + lane) / Simd8.Sqrt(Simd8.Load(variances + lane) + Simd8.Create(epsilon));
        bool isReal = image < scalars->Images;
        nint first = shape.OffsetOf(image, block), output = shape.OutputOffsetOf(image, block);
        float* result = y + output, gradient = dy + output, target = dx + first;
        float* added = daddend is null ? null : daddend + first;
        TFunction f = function;
        for (nint i = 0; i < plane; i += Blocks.Size)
        {
            Simd8 dz = f.Backward(Simd8.Load(result + i), Simd8.Load(gradient + i));
            Simd8.Store(isReal ? scale * dz : Simd8.Zero, target + i);
            if (added is not null) Simd8.Store(dz, added + i);
        }
    }
}
