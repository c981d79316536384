using GpuCnn.Engine.Layers;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Translated;

/// <summary>Emits convolutions on devices that run translated kernels.</summary>
internal static class KernelConvolution
{
    public static void EmitForward(KernelEmitter emitter, ConvolutionShape shape)
    {
        var plan = new ForwardLaunches(shape, emitter.Images, emitter.Choose(shape, ConvolutionPass.Forward), pitch: emitter.Output.WholeChannels);
        KernelBuffer<float>? workspace = Workspace(emitter, plan.WorkspaceFloats);
        KernelMoments? moments = emitter.GathersMoments && plan.MomentRows is { } rows ? emitter.Gather(rows) : null;
        emitter.Launch("forward", emitter.UseActivation(new Forward(emitter, plan, workspace, moments)),
            emitter.Input().Buffer, emitter.Output.Buffer, workspace?.Buffer, moments?.Parts.Buffer);
    }

    public static void EmitBackward(KernelEmitter emitter, ConvolutionShape shape)
    {
        KernelTensor dy = Activation.EmitFusedBackward(emitter);
        if (emitter.TrainsParameters)
        {
            if (emitter.FindParameter("bias") is { } bias) EmitBiasGradient(emitter, dy, emitter.Images * shape.OutputArea, shape.K, bias);
            if (emitter.Parameter("weight").Parameter.IsTrained) EmitFilterGradient(emitter, shape, dy);
        }
        if (emitter.InputGradient() is { } dx) EmitInputGradient(emitter, shape, dy, dx);
    }

    /// <summary>The sums of the columns of dy, [rows][columns].</summary>
    public static void EmitBiasGradient(KernelEmitter emitter, KernelTensor dy, int rows, int columns, KernelParameter bias)
    {
        var plan = new ColumnSumsLaunches(rows, columns);
        KernelBuffer<float> workspace = emitter.Workspace<float>("bias parts", plan.WorkspaceFloats);
        emitter.Launch("bias gradient", launches => plan.Launch(launches, dy.View, bias.Gradient, workspace.View), dy.Buffer, workspace.Buffer);
    }

    private static void EmitFilterGradient(KernelEmitter emitter, ConvolutionShape shape, KernelTensor dy)
    {
        KernelTensor x = emitter.Input();
        KernelParameter weight = emitter.Parameter("weight");
        var plan = new FilterGradientLaunches(shape, emitter.Images, emitter.Choose(shape, ConvolutionPass.FilterGradient));
        KernelBuffer<float>? workspace = Workspace(emitter, plan.WorkspaceFloats);
        emitter.Launch("filter gradient", launches => plan.Launch(launches, x.View, dy.View, weight.Gradient, ViewOf(workspace)), x.Buffer, dy.Buffer, workspace?.Buffer);
    }

    private static void EmitInputGradient(KernelEmitter emitter, ConvolutionShape shape, KernelTensor dy, KernelTensor dx)
    {
        KernelParameter weight = emitter.Parameter("weight");
        var plan = new InputGradientLaunches(shape, emitter.Images, emitter.Choose(shape, ConvolutionPass.InputGradient));
        KernelBuffer<float>? workspace = Workspace(emitter, plan.WorkspaceFloats);
        bool adds = emitter.AddsInputGradient();
        emitter.Launch("input gradient", launches => plan.Launch(launches, dy.View, weight.Values, dx.View, ViewOf(workspace), adds), dy.Buffer, dx.Buffer, workspace?.Buffer);
    }

    private static KernelBuffer<float>? Workspace(KernelEmitter emitter, long floats) => floats == 0 ? null : emitter.Workspace<float>("workspace", floats);

    private static View<float> ViewOf(KernelBuffer<float>? buffer) => buffer?.View ?? default;

    private sealed class Forward(KernelEmitter emitter, ForwardLaunches plan, KernelBuffer<float>? workspace, KernelMoments? moments) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            KernelTensor x = emitter.Input(), y = emitter.Output;
            KernelParameter weight = emitter.Parameter("weight");
            KernelParameter? bias = emitter.FindParameter("bias");
            return launches => plan.Launch(
                launches, x.View, weight.Values, bias == null ? null : (ReadOnlyView<float>)bias.Values, y.View, ViewOf(workspace), function,
                moments: moments == null ? null : new GatheredMoments(emitter.Scalars, moments.Parts.View, y.Stored.Area));
        }
    }
}
