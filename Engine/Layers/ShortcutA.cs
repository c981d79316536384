using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Layout;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// The parameter-free shortcut of ResNets for small images (option A of He et al., 2015, https://arxiv.org/abs/1512.03385). It keeps every
/// stride-th pixel and adds channels of zeros, half of them before the input's channels and half after: y[(channels - C) / 2 + c, p, q] =
/// x[c, p stride, q stride]. C x H x W to channels x ceil(H / stride) x ceil(W / stride).
/// </summary>
public sealed class ShortcutA : UnaryOperator, IDeviceOperator
{
    public ShortcutA(int channels, int stride)
    {
        if (channels < 1 || stride < 1)
            throw new ArgumentException($"ShortcutA expects a positive number of channels and stride, but got {channels} and {stride}.");
        Channels = channels;
        Stride = stride;
    }

    /// <summary>Channels of the output.</summary>
    public int Channels { get; }

    public int Stride { get; }

    protected override Shape InferShape(Shape input)
    {
        if (input.IsVector) throw new GpuCnnException($"ShortcutA(-> {Channels}) expects a volume CxHxW, but got a vector of {input}.");
        if (input.Channels > Channels)
        {
            throw new GpuCnnException(
                $"ShortcutA(-> {Channels}) expects at most {Channels} channels, but got {input}; it can add channels, not remove them.");
        }
        SpreadShape shape = ShapeFor(input);
        return Shape.Volume(Channels, shape.P, shape.Q);
    }

    protected override InputWindow WindowOf(Shape input) => InputWindow.Pixel with { Stride = (Stride, Stride) };

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        SpreadShape shape = ShapeFor(x.Stored);
        emitter.Launch("forward",
            l => new CpuSpreadChannels(x.Images, shape, l.Read(x), l.Write(y)),
            l => l.Add(new SpreadChannels(
                shape.Lanes(x.IsBFloat16 || y.IsBFloat16), x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Write(y), shape, (int)y.Count)));
    }

    public unsafe void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor dy = emitter.OutputGradient;
        SpreadShape shape = ShapeFor(dx.Stored);
        emitter.Launch("backward",
            l => new CpuGatherChannels(dx.Images, shape, l.Read(dy), l.Write(dx)),
            l => l.Add(new GatherChannels(
                shape.Lanes(dy.IsBFloat16 || dx.IsBFloat16), dy.IsBFloat16, dx.IsBFloat16, l.Read(dy), l.Write(dx), shape, (int)dx.Count)));
    }

    private SpreadShape ShapeFor(Shape input) =>
        new(input.Channels, Channels, (Channels - input.Channels) / 2, input.Height, input.Width, Stride);
}
