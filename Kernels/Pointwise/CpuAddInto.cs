using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes y += x over <paramref name="count"/> floats, a multiple of 8. Memory-bound.</summary>
internal sealed unsafe class CpuAddInto(float* x, float* y, long count) : ICpuKernel
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        long last = Flat.Last(chunk, count);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
            Simd8.Store(Simd8.Load(x + i) + Simd8.Load(y + i), y + i);
    }
}
