using System.Runtime.Intrinsics;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>Sums the squares of a tensor's weights and of its gradient in float64, with two sums for each chunk.</summary>
/// <param name="parts">[chunks][2]; overwritten.</param>
/// <param name="count">A multiple of 8.</param>
internal sealed unsafe class CpuLarsNorms(float* weights, float* gradients, double* parts, long count) : ICpuKernel
{
    /// <summary>Returns the number of chunks of a tensor, with two doubles each.</summary>
    public static int Parts(long count) => Flat.Chunks(count);

    public int Chunks => Parts(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        Double8 w = Double8.Zero, g = Double8.Zero;
        for (long i = Flat.First(chunk); i < last; i += 8)
        {
            Double8 weight = Double8.Widen(Vector256.Load(weights + i)), gradient = Double8.Widen(Vector256.Load(gradients + i));
            w = Double8.MultiplyAdd(weight, weight, w);
            g = Double8.MultiplyAdd(gradient, gradient, g);
        }
        double* lanes = stackalloc double[16];
        Double8.Store(w, lanes);
        Double8.Store(g, lanes + 8);
        parts[2 * chunk] = parts[2 * chunk + 1] = 0;
        for (int lane = 0; lane < 8; lane++)
        {
            parts[2 * chunk] += lanes[lane];
            parts[2 * chunk + 1] += lanes[8 + lane];
        }
    }
}

/// <summary>
/// Computes the factor of a tensor's rate from the parts of its norms, trust |w| / (|g| + decay |w| + epsilon), and its decay. If a norm is
/// 0, the factor is 1 and there is no decay.
/// </summary>
/// <param name="parts">[count][2] of <see cref="CpuLarsNorms"/>.</param>
/// <param name="result">[2] Factor and decay; overwritten.</param>
internal sealed unsafe class CpuLarsRate(double* parts, float* result, int count, float trust, float decay, float epsilon) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk)
    {
        double weight = 0, gradient = 0;
        for (int part = 0; part < count; part++)
        {
            weight += parts[2 * part];
            gradient += parts[2 * part + 1];
        }
        (weight, gradient) = (Math.Sqrt(weight), Math.Sqrt(gradient));
        bool adapts = weight > 0 && gradient > 0;
        result[0] = adapts ? (float)(trust * weight / (gradient + decay * weight + epsilon)) : 1;
        result[1] = adapts ? decay : 0;
    }
}

/// <summary>
/// Performs a step of layer-wise adaptive rate scaling: g = factor (g + decay w); v = momentum v + g; w -= rate v. Memory-bound: 20 bytes a
/// weight.
/// </summary>
/// <param name="scalars">Gives the learning rate.</param>
/// <param name="local">[2] of <see cref="CpuLarsRate"/>.</param>
/// <param name="count">A multiple of 8.</param>
internal sealed unsafe class CpuLarsUpdate(
    StepScalars* scalars, float* local, float* weights, float* gradients, float* velocities, long count, float momentum) : ICpuKernel
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        Simd8 factor = Simd8.Create(local[0]), decay = Simd8.Create(local[1]);
        Simd8 mu = Simd8.Create(momentum), step = Simd8.Create(-scalars->LearningRate);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
        {
            Simd8 w = Simd8.Load(weights + i), g = factor * Simd8.MultiplyAdd(decay, w, Simd8.Load(gradients + i));
            Simd8 v = Simd8.MultiplyAdd(mu, Simd8.Load(velocities + i), g);
            Simd8.Store(v, velocities + i);
            Simd8.Store(Simd8.MultiplyAdd(step, v, w), weights + i);
        }
    }
}
