using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>Makes something that a pointwise function is compiled into.</summary>
public interface IActivationUser<out TResult>
{
    TResult Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise;
}

/// <summary>
/// A pointwise function as a layer. Where it follows a layer that can apply it to what it writes, the plan fuses the two.
/// </summary>
public abstract class Activation : UnaryOperator
{
    /// <summary>Hands over the function.</summary>
    public abstract TResult Specialize<TResult>(IActivationUser<TResult> user);

    protected sealed override Shape InferShape(Shape input) => input;

    public sealed override bool IsElementwise => true;

    public sealed override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward", () => Specialize(new CpuForward(x.Pointer, y.Pointer, y.Count)), x.Buffer, y.Buffer);
    }

    public sealed override unsafe void EmitBackward(CpuEmitter emitter)
    {
        CpuTensor y = emitter.Output, dy = emitter.OutputGradient;
        if (emitter.InputGradient() is not { } dx) return;
        emitter.Launch("backward", () => Specialize(new CpuBackward(y.Pointer, dy.Pointer, dx.Pointer, y.Count)), y.Buffer, dy.Buffer, dx.Buffer);
    }

    public sealed override void EmitForward(GpuEmitter emitter) =>
        emitter.Launch("forward", Specialize(new Forward(emitter)), emitter.Input().Buffer, emitter.Output.Buffer);

    public sealed override void EmitBackward(GpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        emitter.Launch("backward", Specialize(new Backward(emitter, dx)), emitter.Output.Buffer, emitter.OutputGradient.Buffer, dx.Buffer);
    }

    /// <summary>Emits a step that turns the gradient of a fused activation's output into that of its input: in place or, of an output in a slice, apart.</summary>
    internal static GpuTensor EmitFusedBackward(GpuEmitter emitter)
    {
        GpuTensor y = emitter.Output, dy = emitter.OutputGradient;
        if (!emitter.HasActivation && !dy.IsSlice) return dy;
        GpuTensor dx = dy.IsSlice ? new(emitter.Workspace<float>("output gradient", dy.Count), dy.Shape, dy.Stored, dy.Images) : dy;
        emitter.Launch("activation gradient", emitter.UseActivation(new Backward(emitter, dx)), y.Buffer, dy.Buffer, dx.Buffer);
        return dx;
    }

    private sealed unsafe class CpuForward(float* x, float* y, long count) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise =>
            new CpuPointwiseForward<TFunction>(x, y, count, function);
    }

    internal sealed unsafe class CpuBackward(float* y, float* dy, float* dx, long count) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise =>
            new CpuPointwiseBackward<TFunction>(y, dy, dx, count, function);
    }

    private sealed class Forward(GpuEmitter emitter) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor x = emitter.Input(), y = emitter.Output;
            return launches => launches.Add(new PointwiseForward<TFunction>(x.View, y.View, y.Count, function));
        }
    }

    internal sealed class Backward(GpuEmitter emitter, GpuTensor dx) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor y = emitter.Output, dy = emitter.OutputGradient;
            return launches =>
            {
                if (dy.IsSlice) launches.Add(ChannelsBackward<TFunction>.Of(y.View, dy.View, dx.View, dy.Stored.Channels, dy.WholeChannels, dy.Images * dy.Stored.Area, function));
                else launches.Add(new PointwiseBackward<TFunction>(y.View, dy.View, dx.View, y.Count, function));
            };
        }
    }
}

/// <summary>An activation made of a function without settings.</summary>
public abstract class Activation<TFunction> : Activation where TFunction : unmanaged, IPointwise
{
    public sealed override TResult Specialize<TResult>(IActivationUser<TResult> user) => user.Use(default(TFunction));
}
