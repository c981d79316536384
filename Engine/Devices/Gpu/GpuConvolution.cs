using GpuCnn.Engine.Layers;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Emits convolutions on devices that run translated kernels.</summary>
internal static class GpuConvolution
{
    public static void EmitForward(GpuEmitter emitter, ConvolutionShape shape)
    {
        var plan = new ForwardLaunches(shape, emitter.Images, emitter.Choose(shape, ConvolutionPass.Forward), pitch: emitter.Output.WholeChannels);
        GpuBuffer<float>? workspace = Workspace(emitter, plan.WorkspaceFloats);
        GpuMoments? moments = emitter.GathersMoments && plan.MomentRows is { } rows ? emitter.Gather(rows) : null;
        emitter.Launch("forward", emitter.UseActivation(new Forward(emitter, plan, workspace, moments)),
            emitter.Input().Buffer, emitter.Output.Buffer, workspace?.Buffer, moments?.Parts.Buffer);
    }

    public static void EmitBackward(GpuEmitter emitter, ConvolutionShape shape)
    {
        GpuTensor dy = Activation.EmitFusedBackward(emitter);
        if (emitter.TrainsParameters)
        {
            if (emitter.FindParameter("bias") is { } bias) EmitBiasGradient(emitter, dy, emitter.Images * shape.OutputArea, shape.K, bias);
            if (emitter.Parameter("weight").Parameter.IsTrained) EmitFilterGradient(emitter, shape, dy);
        }
        if (emitter.InputGradient() is { } dx) EmitInputGradient(emitter, shape, dy, dx);
    }

    /// <summary>The sums of the columns of dy, [rows][columns].</summary>
    public static void EmitBiasGradient(GpuEmitter emitter, GpuTensor dy, int rows, int columns, GpuParameter bias)
    {
        var plan = new ColumnSumsLaunches(rows, columns);
        GpuBuffer<float> workspace = emitter.Workspace<float>("bias parts", plan.WorkspaceFloats);
        emitter.Launch("bias gradient", launches => plan.Launch(launches, dy.View, bias.Gradient, workspace.View), dy.Buffer, workspace.Buffer);
    }

    private static void EmitFilterGradient(GpuEmitter emitter, ConvolutionShape shape, GpuTensor dy)
    {
        GpuTensor x = emitter.Input();
        GpuParameter weight = emitter.Parameter("weight");
        var plan = new FilterGradientLaunches(shape, emitter.Images, emitter.Choose(shape, ConvolutionPass.FilterGradient));
        GpuBuffer<float>? workspace = Workspace(emitter, plan.WorkspaceFloats);
        emitter.Launch("filter gradient", launches => plan.Launch(launches, x.View, dy.View, weight.Gradient, ViewOf(workspace)), x.Buffer, dy.Buffer, workspace?.Buffer);
    }

    private static void EmitInputGradient(GpuEmitter emitter, ConvolutionShape shape, GpuTensor dy, GpuTensor dx)
    {
        GpuParameter weight = emitter.Parameter("weight");
        var plan = new InputGradientLaunches(shape, emitter.Images, emitter.Choose(shape, ConvolutionPass.InputGradient));
        GpuBuffer<float>? workspace = Workspace(emitter, plan.WorkspaceFloats);
        bool adds = emitter.AddsInputGradient();
        emitter.Launch("input gradient", launches => plan.Launch(launches, dy.View, weight.Values, dx.View, ViewOf(workspace), adds), dy.Buffer, dx.Buffer, workspace?.Buffer);
    }

    private static GpuBuffer<float>? Workspace(GpuEmitter emitter, long floats) => floats == 0 ? null : emitter.Workspace<float>("workspace", floats);

    private static View<float> ViewOf(GpuBuffer<float>? buffer) => buffer?.View ?? default;

    private sealed class Forward(GpuEmitter emitter, ForwardLaunches plan, GpuBuffer<float>? workspace, GpuMoments? moments) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor x = emitter.Input(), y = emitter.Output;
            GpuParameter weight = emitter.Parameter("weight");
            GpuParameter? bias = emitter.FindParameter("bias");
            return launches => plan.Launch(
                launches, x.View, weight.Values, bias == null ? null : (ReadOnlyView<float>)bias.Values, y.View, ViewOf(workspace), function,
                moments: moments == null ? null : new GatheredMoments(emitter.Scalars, moments.Parts.View, y.Stored.Area));
        }
    }
}
