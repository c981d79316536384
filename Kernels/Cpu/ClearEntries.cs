namespace GpuCnn.Kernels.Cpu;

/// <summary>Sets the given entries to zero: those of a packed filter's gradient that stand for no weight.</summary>
public sealed unsafe class ClearEntries(float* values, int[] entries) : ICpuKernel
{
    private const int PerChunk = 1 << 15;

    public int Chunks => (entries.Length + PerChunk - 1) / PerChunk;

    public void Run(int chunk)
    {
        int last = Math.Min(entries.Length, (chunk + 1) * PerChunk);
        for (int i = chunk * PerChunk; i < last; i++) values[entries[i]] = 0;
    }
}
