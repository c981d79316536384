using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// y = x, but with rubbish in the lanes past C that the layout allows to hold anything finite: a layer behind it that uses them gives
/// wrong results. Gradients must have zeros there, which is checked as they pass.
/// </summary>
internal sealed class DirtyLanes : UnaryOperator
{
    private const float Rubbish = 4096;

    /// <summary>The largest magnitude that the last backward pass found past C.</summary>
    public float LargestGradientPastC { get; private set; }

    protected override Shape InferShape(Shape input) => input;

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("copy", () => new OneChunk(() =>
        {
            LargestGradientPastC = 0;
            for (long i = 0; i < y.Count; i++) y.Pointer[i] = IsPastC(y, i) ? Rubbish : x.Pointer[i];
        }), x.Buffer, y.Buffer);
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        CpuTensor dy = emitter.OutputGradient;
        emitter.Launch("copy back", () => new OneChunk(() =>
        {
            for (long i = 0; i < dx.Count; i++)
            {
                if (IsPastC(dx, i)) LargestGradientPastC = Math.Max(LargestGradientPastC, Math.Abs(dy.Pointer[i]));
                dx.Pointer[i] = dy.Pointer[i];
            }
        }), dy.Buffer, dx.Buffer);
    }

    /// <summary>Devices that run translated kernels have no lanes past C.</summary>
    public override void EmitForward(GpuEmitter emitter) => Copy(emitter, "copy", emitter.Input(), emitter.Output);

    public override void EmitBackward(GpuEmitter emitter)
    {
        if (emitter.InputGradient() is { } dx) Copy(emitter, "copy back", emitter.OutputGradient, dx);
    }

    private static void Copy(GpuEmitter emitter, string name, GpuTensor from, GpuTensor to) => emitter.Launch(
        name, launches => launches.Add(new PointwiseForward<Identity>(from.View, to.View, from.Count, default)), from.Buffer, to.Buffer);

    private static bool IsPastC(CpuTensor tensor, long index)
    {
        if (tensor.ChannelsLast) return false;
        long block = index % tensor.CountPerImage / (tensor.Stored.Area * Blocks.Size);
        return block * Blocks.Size + index % Blocks.Size >= tensor.Stored.Channels;
    }
}

/// <summary>A kernel of one chunk, from a function.</summary>
internal sealed class OneChunk(Action run) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk) => run();
}
