using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// y = x / (1 - p) with probability 1 - p, else 0. Whether a value is kept is a function of the seed, the step, the layer and the
/// value's position alone, so nothing is stored: the backward pass draws the same numbers again, and is this kernel over dy.
/// Works in place. A chunk is one channel block of one image.
/// </summary>
/// <param name="scalars">Seed and step.</param>
/// <param name="layer">Tells apart the dropout layers of a network.</param>
/// <param name="channels">C of [N][ceil(C / 8)][area][8]; the position counts as in NCHW, so that it does not depend on the layout.</param>
public sealed unsafe class CpuDropout(
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
            ulong first = ((ulong)image * (ulong)channels + (ulong)(block * Blocks.Size + lane)) * (ulong)area;
            for (int pixel = 0; pixel < area; pixel++)
            {
                nint i = (nint)pixel * Blocks.Size + lane;
                bool keep = lane < lanes && CounterRandom.Uniform(key, first + (ulong)pixel) >= probability;
                to[i] = keep ? from[i] * scale : 0;
            }
        }
    }
}
