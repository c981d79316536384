using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>Adds two volumes of one shape. An activation after it is applied to the sum.</summary>
public sealed class Add : Operator, IDeviceOperator
{
    public override Value Build(Graph graph, Value input, string path) =>
        throw new InvalidOperationException("Add has two inputs; Residual creates it.");

    public override bool FusesActivation => true;

    public override bool IsSum => true;

    public override Shape InferShape(IReadOnlyList<Shape> inputs) => inputs.Any(input => input.IsVector || input != inputs[0])
        ? throw new GpuCnnException(
            $"Add expects volumes of one shape, but got {string.Join(" and ", inputs)}; give the shortcut the body's channels and stride.")
        : inputs[0];

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor a = emitter.Input(0), b = emitter.Input(1), y = emitter.Output;
        emitter.Launch("forward",
            l => CpuAdd.Of(l.Read(a), l.Read(b), l.Write(y), y.Count, emitter.Activation),
            l => AddForward.Launch(
                l, a.IsBFloat16, b.IsBFloat16, y.IsBFloat16, l.Read(a), l.Read(b), l.Write(y), (int)y.Count, emitter.Activation));
    }

    public void EmitBackward(Emitter emitter)
    {
        for (int i = 0; i < 2; i++)
            if (emitter.InputGradient(i) is { } dx) emitter.EmitActivationGradient("backward", emitter.Output, emitter.OutputGradient, dx);
    }
}
