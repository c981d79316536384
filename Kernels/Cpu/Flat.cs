namespace GpuCnn.Kernels.Cpu;

/// <summary>Divides a flat array of floats into chunks.</summary>
internal static class Flat
{
    private const int PerChunk = 1 << 14;

    public static int Chunks(long count) => (int)((count + PerChunk - 1) / PerChunk);

    public static long First(int chunk) => (long)chunk * PerChunk;

    public static long Last(int chunk, long count) => Math.Min(count, (chunk + 1L) * PerChunk);
}
