using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Layout;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// The shortcut without parameters of ResNets for small images (option A of He et al., 2015, https://arxiv.org/abs/1512.03385): every stride-th pixel, with channels of zeros, half of those that are
/// missing before the input's and the others behind: y[(channels - C) / 2 + c, p, q] = x[c, p stride, q stride]. C x H x W to channels x ceil(H / stride) x ceil(W / stride).
/// </summary>
public sealed class ShortcutA : UnaryOperator
{
    public ShortcutA(int channels, int stride)
    {
        if (channels < 1 || stride < 1) throw new ArgumentException($"ShortcutA expects a positive number of channels and stride, but got {channels} and {stride}.");
        Channels = channels;
        Stride = stride;
    }

    /// <summary>Channels of the output.</summary>
    public int Channels { get; }

    public int Stride { get; }

    protected override Shape InferShape(Shape input)
    {
        if (input.IsVector) throw new GpuCnnException($"ShortcutA(-> {Channels}) expects a volume CxHxW, but got a vector of {input}.");
        if (input.Channels > Channels) throw new GpuCnnException($"ShortcutA(-> {Channels}) expects at most {Channels} channels, but got {input}; it can add channels, not leave some out.");
        SpreadShape shape = ShapeFor(input);
        return Shape.Volume(Channels, shape.P, shape.Q);
    }

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward", () => new CpuSpreadChannels(x.Images, ShapeFor(x.Stored), x.Pointer, y.Pointer), x.Buffer, y.Buffer);
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        CpuTensor dy = emitter.OutputGradient;
        emitter.Launch("backward", () => new CpuGatherChannels(dx.Images, ShapeFor(dx.Stored), dy.Pointer, dx.Pointer), dy.Buffer, dx.Buffer);
    }

    public override void EmitForward(GpuEmitter emitter)
    {
        GpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward", launches => launches.Add(new SpreadChannels(x.View, y.View, ShapeFor(x.Stored), y.Count)), x.Buffer, y.Buffer);
    }

    public override void EmitBackward(GpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        GpuTensor dy = emitter.OutputGradient;
        emitter.Launch("backward", launches => launches.Add(new GatherChannels(dy.View, dx.View, ShapeFor(dx.Stored), dx.Count)), dy.Buffer, dx.Buffer);
    }

    private SpreadShape ShapeFor(Shape input) => new(input.Channels, Channels, (Channels - input.Channels) / 2, input.Height, input.Width, Stride);
}
