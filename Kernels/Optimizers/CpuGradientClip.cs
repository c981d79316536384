using System.Runtime.Intrinsics;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>Sums the squares of all gradients in float64, one sum for each chunk. Memory-bound: 4 bytes a weight.</summary>
/// <param name="parts">[chunks]; overwritten.</param>
/// <param name="count">A multiple of 8.</param>
internal sealed unsafe class CpuGradientNorm(float* gradients, double* parts, long count) : ICpuKernel
{
    /// <summary>Returns the number of chunks.</summary>
    public static int Parts(long count) => Flat.Chunks(count);

    public int Chunks => Parts(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        Double8 sum = Double8.Zero;
        for (long i = Flat.First(chunk); i < last; i += 8)
        {
            Double8 gradient = Double8.Widen(Vector256.Load(gradients + i));
            sum = Double8.MultiplyAdd(gradient, gradient, sum);
        }
        double* lanes = stackalloc double[8];
        Double8.Store(sum, lanes);
        double total = 0;
        for (int lane = 0; lane < 8; lane++) total += lanes[lane];
        parts[chunk] = total;
    }
}

/// <summary>
/// Computes the factor that brings the norm of all gradients down to a limit, min(1, limit / (norm + 1e-6)), as PyTorch's clip_grad_norm_
/// does. A norm that is not a number gives a factor that is not.
/// </summary>
/// <param name="parts">[count] of <see cref="CpuGradientNorm"/>.</param>
/// <param name="factor">[1]; overwritten.</param>
internal sealed unsafe class CpuGradientFactor(double* parts, float* factor, int count, float limit) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk)
    {
        double total = 0;
        for (int part = 0; part < count; part++) total += parts[part];
        double ratio = limit / (Math.Sqrt(total) + 1e-6);
        *factor = ratio > 1 ? 1 : (float)ratio;
    }
}

/// <summary>
/// Multiplies all gradients by the factor of <see cref="CpuGradientFactor"/>. A factor of 1 leaves them untouched. Memory-bound: 8 bytes a
/// weight.
/// </summary>
/// <param name="factor">[1]</param>
/// <param name="gradients">[count]; updated.</param>
/// <param name="count">A multiple of 8.</param>
internal sealed unsafe class CpuGradientScale(float* factor, float* gradients, long count) : ICpuKernel
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        if (*factor == 1) return;
        long last = Flat.Last(chunk, count);
        Simd8 scale = Simd8.Create(*factor);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width) Simd8.Store(Simd8.Load(gradients + i) * scale, gradients + i);
    }
}
