namespace GpuCnn.Kernels.Cpu;

/// <summary>Computes sum[i] = partial[0][i] + partial[1][i] + …, always in this order. Memory-bound.</summary>
public sealed unsafe class PartialSums(float* partial, int parts, int count, float* sum) : ICpuKernel
{
    private const int PerChunk = 1 << 13;

    public int Chunks => (count + PerChunk - 1) / PerChunk;

    public void Run(int chunk)
    {
        int first = chunk * PerChunk, last = Math.Min(count, first + PerChunk), i = first;
        for (; i + Simd8.Width <= last; i += Simd8.Width)
        {
            Simd8 total = Simd8.Load(partial + i);
            for (nint part = 1; part < parts; part++) total += Simd8.Load(partial + part * count + i);
            Simd8.Store(total, sum + i);
        }
        for (; i < last; i++)
        {
            float total = partial[i];
            for (nint part = 1; part < parts; part++) total += partial[part * count + i];
            sum[i] = total;
        }
    }
}
