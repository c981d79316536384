using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pooling;

namespace GpuCnn.Engine.Layers;

/// <summary>The mean of each channel: C x H x W to C x 1 x 1 (Lin et al., 2013, https://arxiv.org/abs/1312.4400).</summary>
public sealed class GlobalAvgPool2d : UnaryOperator
{
    protected override Shape InferShape(Shape input) => input.IsVector
        ? throw new GpuCnnException($"GlobalAvgPool2d expects a volume CxHxW, but got a vector of {input}.")
        : Shape.Volume(input.Channels, 1, 1);

    public override void EmitForward(CpuEmitter emitter) => AveragePooling.EmitForward(emitter, ShapeFor(emitter.Input().Stored), countPadding: true);

    public override void EmitBackward(CpuEmitter emitter) => AveragePooling.EmitBackward(emitter, ShapeFor(emitter.Input().Stored), countPadding: true);

    public override void EmitForward(GpuEmitter emitter) => AveragePooling.EmitForward(emitter, WindowsOver(emitter.Input().Stored), countPadding: true);

    public override void EmitBackward(GpuEmitter emitter) => AveragePooling.EmitBackward(emitter, WindowsOver(emitter.Input().Stored), countPadding: true);

    private static PoolShape WindowsOver(Shape input) => new(input.Channels, input.Height, input.Width, input.Height, input.Width, 1, 1, 0, 0, 1, 1);

    private static CpuPoolShape ShapeFor(Shape input) =>
        new(Blocks.Count(input.Channels), input.Height, input.Width, input.Height, input.Width, 1, 1, 0, 0, 1, 1);
}
