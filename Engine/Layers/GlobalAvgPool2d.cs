using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>Averages each channel: C x H x W to C x 1 x 1 (Lin et al., 2013, https://arxiv.org/abs/1312.4400).</summary>
public sealed class GlobalAvgPool2d : UnaryOperator, IDeviceOperator
{
    protected override Shape InferShape(Shape input) => input.IsVector
        ? throw new GpuCnnException($"GlobalAvgPool2d expects a volume CxHxW, but got a vector of {input}.")
        : Shape.Volume(input.Channels, 1, 1);

    protected override InputWindow WindowOf(Shape input) => InputWindow.Whole(input);

    public void EmitForward(Emitter emitter) =>
        AveragePooling.EmitForward(emitter, WindowOf(emitter), countPadding: true);

    public void EmitBackward(Emitter emitter) =>
        AveragePooling.EmitBackward(emitter, WindowOf(emitter), countPadding: true);

    private static PoolShape WindowOf(Emitter emitter)
    {
        DeviceTensor x = emitter.Input();
        Shape input = x.Stored;
        return new(input.Channels, input.Height, input.Width, input.Height, input.Width, 1, 1, 0, 0, 1, 1,
            ChannelLanes.For(input.Channels, x.IsBFloat16 || emitter.Output.IsBFloat16));
    }
}
