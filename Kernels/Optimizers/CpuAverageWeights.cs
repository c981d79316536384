using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Moves an average towards the weights, after an update: average += share (weight - average); the run's first step copies. Memory-bound:
/// 12 bytes a weight.
/// </summary>
/// <param name="scalars">Gives the step.</param>
/// <param name="averages">Updated.</param>
/// <param name="count">A multiple of 8.</param>
/// <param name="share">1 - decay.</param>
internal sealed unsafe class CpuAverageWeights(StepScalars* scalars, float* weights, float* averages, long count, float share) : ICpuKernel
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        Simd8 part = Simd8.Create(share);
        bool continues = scalars->Step != 0;
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
        {
            Simd8 weight = Simd8.Load(weights + i);
            if (continues)
            {
                Simd8 average = Simd8.Load(averages + i);
                weight = Simd8.MultiplyAdd(part, weight - average, average);
            }
            Simd8.Store(weight, averages + i);
        }
    }
}
