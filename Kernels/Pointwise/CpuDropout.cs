using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Computes y = x / (1 - p) with probability 1 - p, else 0. Whether a value is kept depends only on the seed, the step, the layer and the
/// value's position, so nothing is stored. The backward pass runs this kernel over dy and draws the same numbers. Works in place. A chunk
/// is one channel block of one image.
/// </summary>
/// <param name="scalars">Gives the seed, the step and the place of the first image.</param>
/// <param name="layer">Number of the dropout layer in the network.</param>
/// <param name="channels">C of [N][ceil(C / 8)][area][8]. Positions count as in NCHW, so that they do not depend on the layout.</param>
internal sealed unsafe class CpuDropout(
    StepScalars* scalars, ulong layer, float probability, int images, int channels, int area, float* x, float* y) : ICpuKernel
{
    private readonly int _blocks = Blocks.Count(channels);

    public int Chunks => images * _blocks;

    public void Run(int chunk)
    {
        int image = chunk / _blocks, block = chunk % _blocks;
        ulong key = CounterRandom.Key(scalars->Seed, CounterRandom.Key(layer, scalars->Step));
        float scale = 1 / (1 - probability);
        float* from = x + (nint)chunk * area * Blocks.Size, to = y + (nint)chunk * area * Blocks.Size;
        int lanes = Math.Min(Blocks.Size, channels - block * Blocks.Size);
        for (int lane = 0; lane < Blocks.Size; lane++)
        {
            ulong first = ((ulong)(scalars->FirstImage + image) * (ulong)channels + (ulong)(block * Blocks.Size + lane)) * (ulong)area;
            for (int pixel = 0; pixel < area; pixel++)
            {
                nint i = (nint)pixel * Blocks.Size + lane;
                bool keep = lane < lanes && CounterRandom.Uniform(key, first + (ulong)pixel) >= probability;
                to[i] = keep ? from[i] * scale : 0;
            }
        }
    }
}
