using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Sums each channel in float64 over the real images of a part of the batch: dz = f'(y) dy, and dz (x - mean). Memory-bound.
/// </summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="y">Like x, but OutputBlocks from one image to the next: the output of the activation.</param>
/// <param name="dy">Like y.</param>
/// <param name="means">[Blocks * 8]</param>
/// <param name="sums">[splits][2][Blocks * 8]; overwritten.</param>
[Dispatched]
internal sealed unsafe class CpuBatchNormGradientSums<TFunction>(
    CpuBatchNormShape shape, StepScalars* scalars, float* x, float* y, float* dy, float* means, double* sums, TFunction function)
    : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => shape.Splits * shape.Blocks;

    public void Run(int chunk)
    {
        int block = chunk % shape.Blocks, split = chunk / shape.Blocks, plane = shape.Plane;
        (int first, int last) = shape.ImagesOf(split, scalars->Images);
        Simd8 mean = Simd8.Load(means + block * Blocks.Size);
        Double8 sum = Double8.Zero, products = Double8.Zero;
        TFunction f = function;
        for (int image = first; image < last; image++)
        {
            nint offset = shape.OutputOffsetOf(image, block);
            float* source = x + shape.OffsetOf(image, block), result = y + offset, gradient = dy + offset;
            for (nint i = 0; i < plane; i += Blocks.Size)
            {
                Double8 dz = Simd8.Widen(f.Backward(Simd8.Load(result + i), Simd8.Load(gradient + i)));
                sum += dz;
                products += dz * Simd8.Widen(Simd8.Load(source + i) - mean);
            }
        }
        double* target = sums + (nint)split * 2 * shape.Stored + block * Blocks.Size;
        Double8.Store(sum, target);
        Double8.Store(products, target + shape.Stored);
    }
}

/// <summary>Computes the gradients of weight and bias from the sums of the batch's parts, or of the ranks.</summary>
/// <param name="sums">[parts][2][Blocks * 8]</param>
/// <param name="inverses">[Blocks * 8] 1 / deviation.</param>
/// <param name="dweight">[Blocks * 8]; overwritten.</param>
/// <param name="dbias">[Blocks * 8]; overwritten.</param>
internal sealed unsafe class CpuBatchNormParameterGradients(
    CpuBatchNormShape shape, int parts, double* sums, float* inverses, float* dweight, float* dbias) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk)
    {
        for (int channel = 0; channel < shape.Stored; channel++)
        {
            (double sum, double products) = shape.Total(sums, parts, channel);
            dbias[channel] = (float)sum;
            dweight[channel] = (float)(products * inverses[channel]);
        }
    }
}

/// <summary>
/// Computes dx = weight / deviation (dz - mean(dz) - (x - mean) / deviation mean(dz (x - mean) / deviation)) for the real images and 0 for
/// the others. Also writes dz if an addend needs a gradient. A chunk is one channel block of one image. Memory-bound.
/// </summary>
/// <param name="isOfRanks">Whether statistics, dweight and dbias are those of all ranks' images.</param>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="y">Like x, but OutputBlocks from one image to the next.</param>
/// <param name="dy">Like y.</param>
/// <param name="dx">Like x; overwritten.</param>
/// <param name="daddend">Like x, or null; overwritten.</param>
/// <param name="statistics">[2][Blocks * 8] Means, then 1 / deviation.</param>
/// <param name="weight">[Blocks * 8]</param>
/// <param name="dweight">[Blocks * 8]</param>
/// <param name="dbias">[Blocks * 8]</param>
[Dispatched]
internal sealed unsafe class CpuBatchNormInputGradient<TFunction>(
    CpuBatchNormShape shape, bool isOfRanks, StepScalars* scalars, float* x, float* y, float* dy, float* dx, float* daddend,
    float* statistics, float* weight, float* dweight, float* dbias, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => shape.Images * shape.Blocks;

    public void Run(int chunk)
    {
        int block = chunk % shape.Blocks, image = chunk / shape.Blocks, lane = block * Blocks.Size, plane = shape.Plane;
        // A float, because the values of all ranks may be more than an int counts.
        float count = isOfRanks ? (float)scalars->AllImages * shape.Area : scalars->Images * shape.Area;
        Simd8 share = Simd8.Create(1f / Math.Max(1, count));
        Simd8 mean = Simd8.Load(statistics + lane), inverse = Simd8.Load(statistics + shape.Stored + lane);
        Simd8 scale = inverse * Simd8.Load(weight + lane);
        // The statistics leave out images that are not real.
        bool isReal = image < scalars->Images;
        Simd8 level = Simd8.Load(dbias + lane) * share, slope = inverse * Simd8.Load(dweight + lane) * share;
        nint first = shape.OffsetOf(image, block), output = shape.OutputOffsetOf(image, block);
        float* source = x + first, result = y + output, gradient = dy + output, target = dx + first;
        float* added = daddend is null ? null : daddend + first;
        TFunction f = function;
        for (nint i = 0; i < plane; i += Blocks.Size)
        {
            Simd8 dz = f.Backward(Simd8.Load(result + i), Simd8.Load(gradient + i));
            Simd8.Store(isReal ? scale * (dz - level - (Simd8.Load(source + i) - mean) * slope) : Simd8.Zero, target + i);
            if (added is not null) Simd8.Store(dz, added + i);
        }
    }
}
