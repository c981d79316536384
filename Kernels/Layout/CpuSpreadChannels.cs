using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// Takes every stride-th pixel of each map and puts its channels after the first channels of y, which are zero: y[first + c, p, q] = x[c, p
/// stride, q stride]. A chunk is one channel block of one image of y.
/// </summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="y">[N][output blocks][P][Q][8]; overwritten.</param>
internal sealed unsafe class CpuSpreadChannels(int images, SpreadShape shape, float* x, float* y) : ICpuKernel
{
    private readonly int _blocks = Blocks.Count(shape.Channels), _outputBlocks = Blocks.Count(shape.Outputs);

    public int Chunks => images * _outputBlocks;

    public void Run(int chunk)
    {
        int image = chunk / _outputBlocks, first = chunk % _outputBlocks * Blocks.Size - shape.First;
        float* target = y + (nint)chunk * shape.P * shape.Q * Blocks.Size;
        float* source = x + (nint)image * _blocks * shape.H * shape.W * Blocks.Size;
        for (int p = 0; p < shape.P; p++)
            for (int q = 0; q < shape.Q; q++, target += Blocks.Size)
                for (int lane = 0; lane < Blocks.Size; lane++)
                {
                    int channel = first + lane;
                    target[lane] = channel < 0 || channel >= shape.Channels
                        ? 0
                        : source[(((nint)(channel / Blocks.Size) * shape.H + p * shape.Stride) * shape.W + q * shape.Stride) * Blocks.Size
                            + channel % Blocks.Size];
                }
    }
}

/// <summary>Computes the gradient of <see cref="CpuSpreadChannels"/>. A chunk is one channel block of one image of dx.</summary>
/// <param name="dy">[N][output blocks][P][Q][8]</param>
/// <param name="dx">[N][Blocks][H][W][8]; overwritten.</param>
internal sealed unsafe class CpuGatherChannels(int images, SpreadShape shape, float* dy, float* dx) : ICpuKernel
{
    private readonly int _blocks = Blocks.Count(shape.Channels), _outputBlocks = Blocks.Count(shape.Outputs);

    public int Chunks => images * _blocks;

    public void Run(int chunk)
    {
        int image = chunk / _blocks, first = chunk % _blocks * Blocks.Size, count = shape.H * shape.W * Blocks.Size;
        float* target = dx + (nint)chunk * count, source = dy + (nint)image * _outputBlocks * shape.P * shape.Q * Blocks.Size;
        new Span<float>(target, count).Clear();
        int lanes = Math.Min(Blocks.Size, shape.Channels - first);
        for (int p = 0; p < shape.P; p++)
            for (int q = 0; q < shape.Q; q++)
                for (int lane = 0; lane < lanes; lane++)
                {
                    int channel = shape.First + first + lane;
                    target[((nint)p * shape.Stride * shape.W + q * shape.Stride) * Blocks.Size + lane] =
                        source[(((nint)(channel / Blocks.Size) * shape.P + p) * shape.Q + q) * Blocks.Size + channel % Blocks.Size];
                }
    }
}
