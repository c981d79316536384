using GpuCnn.Engine.Layers;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Emits fully connected layers on devices that run translated kernels: y = f(x W + b), x [images][inputs], W [inputs][units]. There are few rows and long reductions, so all three
/// products may be split.
/// </summary>
internal static class GpuProduct
{
    public static void EmitForward(GpuEmitter emitter, int units)
    {
        int inputs = emitter.Input().Shape.Count;
        MatrixProductLaunches plan = Plan(emitter, Problem("", inputs, units, emitter.Images),
            new() { M = emitter.Images, N = units, K = inputs });
        GpuBuffer<float>? parts = Parts(emitter, plan);
        emitter.Launch("forward", emitter.UseActivation(new Forward(emitter, plan, parts)), emitter.Input().Buffer, emitter.Output.Buffer, parts?.Buffer);
    }

    public static void EmitBackward(GpuEmitter emitter, int units)
    {
        GpuTensor x = emitter.Input(), dy = Activation.EmitFusedBackward(emitter);
        GpuParameter weight = emitter.Parameter("weight");
        int inputs = x.Shape.Count;
        if (emitter.TrainsParameters)
        {
            if (emitter.FindParameter("bias") is { } bias) GpuConvolution.EmitBiasGradient(emitter, dy, emitter.Images, units, bias);
            GemmShape shape = new() { M = inputs, N = units, K = emitter.Images };
            MatrixProductLaunches plan = Plan(emitter, Problem(" weight gradient", inputs, units, emitter.Images), shape, transposeA: true);
            GpuBuffer<float>? parts = Parts(emitter, plan);
            emitter.Launch("weight gradient", launches => plan.Launch(launches, x.View, dy.View, null, weight.Gradient, parts?.View ?? default, default(Identity)),
                x.Buffer, dy.Buffer, parts?.Buffer);
        }
        if (emitter.InputGradient() is { } dx)
        {
            GemmShape shape = new() { M = emitter.Images, N = inputs, K = units };
            MatrixProductLaunches plan = Plan(emitter, Problem(" input gradient", inputs, units, emitter.Images), shape, transposeB: true);
            GpuBuffer<float>? parts = Parts(emitter, plan);
            emitter.Launch("input gradient", launches => plan.Launch(launches, dy.View, weight.Values, null, dx.View, parts?.View ?? default, default(Identity)),
                dy.Buffer, dx.Buffer, parts?.Buffer);
        }
    }

    /// <summary>What a pass computes, in the words by which its choice is kept in files.</summary>
    private static string Problem(string pass, int inputs, int units, int images) =>
        $"fully connected{pass} {inputs} -> {units}, {images} images";

    /// <summary>The launches of the step that is emitted next.</summary>
    private static MatrixProductLaunches Plan(
        GpuEmitter emitter, string problem, GemmShape shape, bool transposeA = false, bool transposeB = false)
    {
        ProductChoice choice = emitter.Choose(problem, shape.M, shape.N, shape.K);
        return new(shape, transposeA, transposeB, tile: choice.Tile, byLibrary: choice.ByLibrary);
    }

    private static GpuBuffer<float>? Parts(GpuEmitter emitter, MatrixProductLaunches plan) =>
        plan.WorkspaceFloats == 0 ? null : emitter.Workspace<float>("parts", plan.WorkspaceFloats);

    private sealed class Forward(GpuEmitter emitter, MatrixProductLaunches plan, GpuBuffer<float>? parts) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor x = emitter.Input(), y = emitter.Output;
            GpuParameter weight = emitter.Parameter("weight");
            GpuParameter? bias = emitter.FindParameter("bias");
            return launches => plan.Launch(
                launches, x.View, weight.Values, bias == null ? null : (ReadOnlyView<float>)bias.Values, y.View, parts?.View ?? default, function);
        }
    }
}
