using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Adds the gradients of a batch to those of the update's earlier batches: sum = share g, or sum + share g; g = sum. So after the last
/// batch the gradients are the mean over all images. Memory-bound: 16 bytes a weight.
/// </summary>
/// <param name="count">A multiple of 8.</param>
internal sealed unsafe class CpuAccumulateGradients(GradientPart* part, float* gradients, float* sums, long count) : ICpuKernel
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        Simd8 share = Simd8.Create(part->Share);
        bool continues = part->Continues != 0;
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
        {
            Simd8 g = Simd8.Load(gradients + i);
            g = continues ? Simd8.MultiplyAdd(share, g, Simd8.Load(sums + i)) : share * g;
            Simd8.Store(g, sums + i);
            Simd8.Store(g, gradients + i);
        }
    }
}
