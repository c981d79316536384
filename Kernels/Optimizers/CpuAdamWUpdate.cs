using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Performs a step of Adam with decoupled weight decay in PyTorch's form:
/// w -= rate decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g;
/// w -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon), where t counts the run's steps from 1.
/// One pass over weights, gradients and both averages. Memory-bound: 28 bytes a weight.
/// </summary>
/// <param name="scalars">Gives the learning rate and the step.</param>
/// <param name="means">Average of the gradients; updated.</param>
/// <param name="squares">Average of their squares; updated.</param>
/// <param name="count">A multiple of 8.</param>
/// <param name="decayed">Weights from the start that decay, a multiple of 8; the others have a decay of 0.</param>
internal sealed unsafe class CpuAdamWUpdate(
    StepScalars* scalars, float* weights, float* gradients, float* means, float* squares, long count, long decayed, double beta1,
    double beta2, float epsilon, float decay) : ICpuKernel
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        double t = scalars->Step + 1.0, rate = scalars->LearningRate;
        Simd8 keep = Simd8.Create((float)(1 - rate * decay)), all = Simd8.Create(1f);
        Simd8 step = Simd8.Create((float)(-rate / (1 - Math.Pow(beta1, t))));
        Simd8 scale = Simd8.Create((float)(1 / Math.Sqrt(1 - Math.Pow(beta2, t)))), small = Simd8.Create(epsilon);
        Simd8 gain1 = Simd8.Create((float)(1 - beta1)), b2 = Simd8.Create((float)beta2), gain2 = Simd8.Create((float)(1 - beta2));
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
        {
            Simd8 g = Simd8.Load(gradients + i), m = Simd8.Load(means + i);
            m = Simd8.MultiplyAdd(gain1, g - m, m);
            Simd8 v = Simd8.MultiplyAdd(b2, Simd8.Load(squares + i), gain2 * (g * g));
            Simd8 w = Simd8.Load(weights + i) * (i < decayed ? keep : all);
            Simd8.Store(m, means + i);
            Simd8.Store(v, squares + i);
            Simd8.Store(Simd8.MultiplyAdd(step, m / Simd8.MultiplyAdd(Simd8.Sqrt(v), scale, small), w), weights + i);
        }
    }
}
