using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>The sum of two volumes of one shape; an activation behind it is applied to the sum.</summary>
public sealed class Add : Operator
{
    public override Value Build(Graph graph, Value input, string path) => throw new InvalidOperationException("Add has two inputs: Residual makes it.");

    public override bool FusesActivation => true;

    public override Shape InferShape(IReadOnlyList<Shape> inputs) => inputs.Any(input => input.IsVector || input != inputs[0])
        ? throw new GpuCnnException($"Add expects volumes of one shape, but got {string.Join(" and ", inputs)}; give the shortcut the body's channels and stride.")
        : inputs[0];

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor a = emitter.Input(0), b = emitter.Input(1), y = emitter.Output;
        emitter.Launch("forward", () => emitter.Specialize(new CpuForward(a.Pointer, b.Pointer, y.Pointer, y.Count)), a.Buffer, b.Buffer, y.Buffer);
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        CpuTensor y = emitter.Output, dy = emitter.OutputGradient;
        for (int i = 0; i < 2; i++)
        {
            if (emitter.InputGradient(i) is not { } dx) continue;
            emitter.Launch("backward", () => emitter.Specialize(new Activation.CpuBackward(y.Pointer, dy.Pointer, dx.Pointer, y.Count)), y.Buffer, dy.Buffer, dx.Buffer);
        }
    }

    public override void EmitForward(GpuEmitter emitter) =>
        emitter.Launch("forward", emitter.UseActivation(new Forward(emitter)), emitter.Input(0).Buffer, emitter.Input(1).Buffer, emitter.Output.Buffer);

    public override void EmitBackward(GpuEmitter emitter)
    {
        for (int i = 0; i < 2; i++)
        {
            if (emitter.InputGradient(i) is not { } dx) continue;
            emitter.Launch("backward", emitter.UseActivation(new Activation.Backward(emitter, dx)), emitter.Output.Buffer, emitter.OutputGradient.Buffer, dx.Buffer);
        }
    }

    private sealed unsafe class CpuForward(float* a, float* b, float* y, long count) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise => new CpuAdd<TFunction>(a, b, y, count, function);
    }

    private sealed class Forward(GpuEmitter emitter) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor a = emitter.Input(0), b = emitter.Input(1), y = emitter.Output;
            return launches => launches.Add(new AddForward<TFunction>(a.View, b.View, y.View, y.Count, function));
        }
    }
}
