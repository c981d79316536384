using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Layout;

/// <summary>Converts images from NCHW to channel blocks; lanes past C are zero. Memory-bound.</summary>
/// <param name="source">[N][C][area]</param>
/// <param name="target">[N][ceil(C / 8)][area][8]</param>
internal sealed unsafe class CpuToBlocks(int images, int channels, int area, float* source, float* target) : ICpuKernel
{
    private readonly int _blocks = Blocks.Count(channels);

    public int Chunks => images * _blocks;

    public void Run(int chunk)
    {
        int image = chunk / _blocks, first = chunk % _blocks * Blocks.Size;
        float* to = target + (nint)chunk * area * Blocks.Size;
        for (int lane = 0; lane < Blocks.Size; lane++)
        {
            bool real = first + lane < channels;
            float* from = source + ((nint)image * channels + first + lane) * area;
            for (nint pixel = 0; pixel < area; pixel++) to[pixel * Blocks.Size + lane] = real ? from[pixel] : 0;
        }
    }
}

/// <summary>Converts images from channels-last to channel blocks, and clears the lanes past C. Memory-bound.</summary>
/// <param name="source">[N][area][C]</param>
/// <param name="target">[N][ceil(C / 8)][area][8]</param>
internal sealed unsafe class CpuChannelsLastToBlocks(int images, int channels, int area, float* source, float* target) : ICpuKernel
{
    private readonly int _blocks = Blocks.Count(channels);

    public int Chunks => images * _blocks;

    public void Run(int chunk)
    {
        int image = chunk / _blocks, first = chunk % _blocks * Blocks.Size, lanes = Math.Min(Blocks.Size, channels - first);
        float* from = source + (nint)image * channels * area + first, to = target + (nint)chunk * area * Blocks.Size;
        for (nint pixel = 0; pixel < area; pixel++, from += channels, to += Blocks.Size)
        {
            for (nint lane = 0; lane < lanes; lane++) to[lane] = from[lane];
            for (nint lane = lanes; lane < Blocks.Size; lane++) to[lane] = 0;
        }
    }
}

/// <summary>Converts channel blocks back to NCHW. Memory-bound.</summary>
/// <param name="source">[N][ceil(C / 8)][area][8]</param>
/// <param name="target">[N][C][area]</param>
internal sealed unsafe class CpuFromBlocks(int images, int channels, int area, float* source, float* target) : ICpuKernel
{
    public int Chunks => images;

    public void Run(int chunk)
    {
        int blocks = Blocks.Count(channels);
        float* to = target + (nint)chunk * channels * area;
        for (int channel = 0; channel < channels; channel++)
        {
            float* from = source + ((nint)chunk * blocks + channel / Blocks.Size) * area * Blocks.Size + channel % Blocks.Size;
            for (nint pixel = 0; pixel < area; pixel++) to[channel * (nint)area + pixel] = from[pixel * Blocks.Size];
        }
    }
}
