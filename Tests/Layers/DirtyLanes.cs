using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// Computes y = x, but fills the lanes past C, where the layout allows any finite value, with garbage: a following layer that uses them
/// gives wrong results. Gradients must be zero there, which is checked in the backward pass.
/// </summary>
internal sealed class DirtyLanes : UnaryOperator, IDeviceOperator
{
    private const float Rubbish = 4096;

    /// <summary>Largest magnitude that the last backward pass found past C.</summary>
    public float LargestGradientPastC { get; private set; }

    protected override Shape InferShape(Shape input) => input;

    /// <summary>GPU devices have no lanes past C.</summary>
    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("copy",
            l =>
            {
                float* from = l.Read(x), to = l.Write(y);
                return new OneChunk(() =>
                {
                    LargestGradientPastC = 0;
                    for (long i = 0; i < y.Count; i++) to[i] = IsPastC(y, i) ? Rubbish : from[i];
                });
            },
            l => l.Add(new PointwiseForward<Identity>(x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Write(y), (int)x.Count, default)));
    }

    public unsafe void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor dy = emitter.OutputGradient;
        emitter.Launch("copy back",
            l =>
            {
                float* from = l.Read(dy), to = l.Write(dx);
                return new OneChunk(() =>
                {
                    for (long i = 0; i < dx.Count; i++)
                    {
                        if (IsPastC(dx, i)) LargestGradientPastC = Math.Max(LargestGradientPastC, Math.Abs(from[i]));
                        to[i] = from[i];
                    }
                });
            },
            l => l.Add(new PointwiseForward<Identity>(dy.IsBFloat16, dx.IsBFloat16, l.Read(dy), l.Write(dx), (int)dx.Count, default)));
    }

    private static bool IsPastC(DeviceTensor tensor, long index)
    {
        if (tensor.ChannelsLast) return false;
        long block = index % tensor.CountPerImage / (tensor.Stored.Area * Blocks.Size);
        return block * Blocks.Size + index % Blocks.Size >= tensor.Stored.Channels;
    }
}

/// <summary>A kernel of one chunk that calls a function.</summary>
internal sealed class OneChunk(Action run) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk) => run();
}
