using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Performs a step of stochastic gradient descent with momentum in PyTorch's form: g += decay w; v = momentum v + g; w -= rate (nesterov ?
/// g + momentum v : v). One pass over weights, gradients and velocities. Memory-bound: 20 bytes a weight.
/// </summary>
/// <param name="scalars">Gives the learning rate.</param>
/// <param name="count">A multiple of 8.</param>
/// <param name="decayed">Weights from the start that decay, a multiple of 8; the others have a decay of 0.</param>
internal sealed unsafe class CpuSgdUpdate(
    StepScalars* scalars, float* weights, float* gradients, float* velocities, long count, long decayed, float momentum, float decay,
    bool nesterov) : ICpuKernel
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        Simd8 mu = Simd8.Create(momentum), lambda = Simd8.Create(decay), none = Simd8.Create(0f);
        Simd8 step = Simd8.Create(-scalars->LearningRate);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
        {
            Simd8 w = Simd8.Load(weights + i);
            Simd8 g = Simd8.MultiplyAdd(i < decayed ? lambda : none, w, Simd8.Load(gradients + i));
            Simd8 v = Simd8.MultiplyAdd(mu, Simd8.Load(velocities + i), g);
            Simd8.Store(v, velocities + i);
            Simd8.Store(Simd8.MultiplyAdd(step, nesterov ? Simd8.MultiplyAdd(mu, v, g) : v, w), weights + i);
        }
    }
}
