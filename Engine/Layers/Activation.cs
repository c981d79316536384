using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>Makes a kernel that a pointwise function is compiled into.</summary>
public interface IActivationKernel
{
    ICpuKernel Make<TFunction>(TFunction function) where TFunction : struct, IPointwise;
}

/// <summary>
/// A pointwise function as a layer. Where it follows a layer that can apply it to what it writes, the plan fuses the two.
/// </summary>
public abstract class Activation : UnaryOperator
{
    /// <summary>Compiles the function into a kernel.</summary>
    public abstract ICpuKernel Specialize(IActivationKernel kernel);

    protected sealed override Shape InferShape(Shape input) => input;

    public sealed override bool IsElementwise => true;

    public sealed override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward", () => Specialize(new Forward(x.Pointer, y.Pointer, y.Count)), x.Buffer, y.Buffer);
    }

    public sealed override unsafe void EmitBackward(CpuEmitter emitter)
    {
        CpuTensor y = emitter.Output, dy = emitter.OutputGradient;
        if (emitter.InputGradient() is not { } dx) return;
        emitter.Launch("backward", () => Specialize(new Backward(y.Pointer, dy.Pointer, dx.Pointer, y.Count)), y.Buffer, dy.Buffer, dx.Buffer);
    }

    private sealed unsafe class Forward(float* x, float* y, long count) : IActivationKernel
    {
        public ICpuKernel Make<TFunction>(TFunction function) where TFunction : struct, IPointwise =>
            new CpuPointwiseForward<TFunction>(x, y, count, function);
    }

    private sealed unsafe class Backward(float* y, float* dy, float* dx, long count) : IActivationKernel
    {
        public ICpuKernel Make<TFunction>(TFunction function) where TFunction : struct, IPointwise =>
            new CpuPointwiseBackward<TFunction>(y, dy, dx, count, function);
    }
}

/// <summary>An activation made of a function without settings.</summary>
public abstract class Activation<TFunction> : Activation where TFunction : struct, IPointwise
{
    public sealed override ICpuKernel Specialize(IActivationKernel kernel) => kernel.Make(default(TFunction));
}
