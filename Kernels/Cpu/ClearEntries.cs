namespace GpuCnn.Kernels.Cpu;

/// <summary>Sets the given entries to zero. Used for entries of a packed filter's gradient that correspond to no weight.</summary>
internal sealed unsafe class ClearEntries(float* values, int[] entries) : ICpuKernel
{
    private const int PerChunk = 1 << 15;

    public int Chunks => (entries.Length + PerChunk - 1) / PerChunk;

    public void Run(int chunk)
    {
        int last = Math.Min(entries.Length, (chunk + 1) * PerChunk);
        for (int i = chunk * PerChunk; i < last; i++) values[entries[i]] = 0;
    }
}
