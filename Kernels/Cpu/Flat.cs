namespace GpuCnn.Kernels.Cpu;

/// <summary>Chunks of a kernel that runs over a flat run of floats.</summary>
internal static class Flat
{
    private const int PerChunk = 1 << 14;

    public static int Chunks(long count) => (int)((count + PerChunk - 1) / PerChunk);

    public static long First(int chunk) => (long)chunk * PerChunk;

    public static long Last(int chunk, long count) => Math.Min(count, (chunk + 1L) * PerChunk);
}
