using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// Copies <paramref name="channels"/> channels of each image, from channel <paramref name="first"/> of x to channel <paramref
/// name="targetFirst"/> of y. The other channels of y are left unchanged, and lanes past its last channel become zero. A chunk is one
/// image. Memory-bound.
/// </summary>
/// <param name="x">[N][ceil(C / 8)][area][8], C = <paramref name="xChannels"/></param>
/// <param name="y">Likewise, C = <paramref name="yChannels"/>.</param>
internal sealed unsafe class CpuCopyChannels(
    int images, int area, int channels, float* x, int xChannels, int first, float* y, int yChannels, int targetFirst) : ICpuKernel
{
    public int Chunks => images;

    public void Run(int chunk)
    {
        int xBlocks = Blocks.Count(xChannels), yBlocks = Blocks.Count(yChannels), blockSize = area * Blocks.Size;
        float* from = x + (nint)chunk * xBlocks * blockSize, to = y + (nint)chunk * yBlocks * blockSize;
        int done = 0;
        if (first % Blocks.Size == 0 && targetFirst % Blocks.Size == 0)
        {
            // Whole blocks are contiguous.
            int blocks = channels / Blocks.Size;
            done = blocks * Blocks.Size;
            nint count = (nint)blocks * blockSize;
            float* start = from + (nint)first / Blocks.Size * blockSize;
            Buffer.MemoryCopy(start, to + (nint)targetFirst / Blocks.Size * blockSize, 4 * count, 4 * count);
        }
        for (int channel = done; channel < channels; channel++) CopyLane(from, first + channel, to, targetFirst + channel);
        if (targetFirst + channels == yChannels)
            for (int lane = yChannels; lane < yBlocks * Blocks.Size; lane++) ClearLane(to, lane);
    }

    private void CopyLane(float* from, int source, float* to, int target)
    {
        float* a = from + ((nint)source / Blocks.Size * area * Blocks.Size + source % Blocks.Size);
        float* b = to + ((nint)target / Blocks.Size * area * Blocks.Size + target % Blocks.Size);
        for (nint pixel = 0; pixel < area; pixel++) b[pixel * Blocks.Size] = a[pixel * Blocks.Size];
    }

    private void ClearLane(float* to, int target)
    {
        float* lane = to + ((nint)target / Blocks.Size * area * Blocks.Size + target % Blocks.Size);
        for (nint pixel = 0; pixel < area; pixel++) lane[pixel * Blocks.Size] = 0;
    }
}
