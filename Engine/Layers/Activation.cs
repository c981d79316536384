using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>A pointwise function as a layer. A plan fuses it into the previous layer if that layer can apply it to its output.</summary>
public abstract class Activation : UnaryOperator, IDeviceOperator
{
    /// <summary>The function of each value.</summary>
    public abstract IPointwise Function { get; }

    protected sealed override Shape InferShape(Shape input) => input;

    public sealed override bool IsElementwise => true;

    public sealed override IPointwise? FusedFunction => Function;

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward",
            l => CpuPointwiseForward.Of(l.Read(x), l.Write(y), y.Count, Function),
            l => PointwiseForward.Launch(l, x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Write(y), (int)y.Count, Function));
    }

    public void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor kept = Function.DerivesFromInput ? emitter.Input() : emitter.Output;
        emitter.EmitActivationGradient("backward", kept, emitter.OutputGradient, dx, Function);
    }
}

/// <summary>An activation made of a function without settings.</summary>
public abstract class Activation<TFunction> : Activation where TFunction : unmanaged, IPointwise
{
    public sealed override IPointwise Function { get; } = default(TFunction);
}
