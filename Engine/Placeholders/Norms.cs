using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Translated;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Layers;

/// <summary>Shapes alone.</summary>
public abstract class ShapesAlone : UnaryOperator
{
    public override void EmitForward(CpuEmitter emitter) => throw new NotSupportedException();

    public override void EmitBackward(CpuEmitter emitter) => throw new NotSupportedException();

    public override void EmitForward(KernelEmitter emitter) => throw new NotSupportedException();

    public override void EmitBackward(KernelEmitter emitter) => throw new NotSupportedException();
}

public sealed class LocalResponseNorm(int size, float alpha, float beta, float k) : ShapesAlone
{
    public float Sum { get; } = size + alpha + beta + k;

    protected override Shape InferShape(Shape input) => input;
}

public sealed class AdaptiveAvgPool2d(int rows, int columns) : ShapesAlone
{
    protected override Shape InferShape(Shape input) => Shape.Volume(input.Channels, rows, columns);
}

public sealed class ShortcutA(int channels, int stride) : ShapesAlone
{
    protected override Shape InferShape(Shape input) => Shape.Volume(channels, (input.Height - 1) / stride + 1, (input.Width - 1) / stride + 1);
}
