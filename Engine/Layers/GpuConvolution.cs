using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Layers;

/// <summary>Emits convolutions on GPU devices.</summary>
internal static class GpuConvolution
{
    public static void EmitForward(GpuEmitter emitter, ConvolutionShape shape)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        DeviceParameter weight = emitter.Parameter("weight");
        DeviceBuffer<float>? bias = emitter.FindParameter("bias")?.Values;
        ConvolutionChoice choice = emitter.Choose(
            shape, ConvolutionPass.Forward, emitter.FactorsOf(shape, ConvolutionPass.Forward, x));
        var launches = new ForwardLaunches(
            shape, emitter.Images, choice, pitch: y.WholeChannels, isBFloat16X: x.IsBFloat16,
            isBFloat16Y: y.IsBFloat16);
        DeviceBuffer<float>? workspace = Workspace(emitter, launches.WorkspaceFloats);
        GpuMoments? moments = emitter.GathersMoments && launches.MomentRows is { } rows ? emitter.Gather(rows) : null;
        emitter.Launch("forward", l => launches.Launch(
            l, l.Read(x), emitter.ReadWeights(l, weight, choice.Tile.Factors), bias is null ? null : l.Read(bias), l.Write(y),
            l.Write(workspace), emitter.Activation,
            moments: moments is null ? null : new GatheredMoments(l.Read(emitter.Scalars), l.Write(moments.Parts), y.Stored.Area)));
    }

    public static void EmitBackward(GpuEmitter emitter, ConvolutionShape shape)
    {
        DeviceTensor dy = emitter.EmitFusedActivation();
        if (emitter.TrainsParameters)
        {
            if (emitter.FindParameter("bias") is { } bias) EmitBiasGradient(emitter, dy, emitter.Images * shape.OutputArea, shape.K, bias);
            if (emitter.Trains("weight")) EmitFilterGradient(emitter, shape, dy);
        }
        if (emitter.InputGradient() is { } dx) EmitInputGradient(emitter, shape, dy, dx);
    }

    /// <summary>Emits the sums of the columns of dy, [rows][columns].</summary>
    public static void EmitBiasGradient(GpuEmitter emitter, DeviceTensor dy, int rows, int columns, DeviceParameter bias)
    {
        var launches = new ColumnSumsLaunches(rows, columns, dy.IsBFloat16);
        DeviceBuffer<float> workspace = emitter.Workspace<float>("bias parts", launches.WorkspaceFloats);
        emitter.Launch("bias gradient", l => launches.Launch(l, l.Read(dy), l.Write(bias.Gradient), l.Write(workspace)));
    }

    private static void EmitFilterGradient(GpuEmitter emitter, ConvolutionShape shape, DeviceTensor dy)
    {
        DeviceTensor x = emitter.Input();
        DeviceBuffer<float> gradient = emitter.Parameter("weight").Gradient;
        var launches = new FilterGradientLaunches(
            shape, emitter.Images,
            emitter.Choose(shape, ConvolutionPass.FilterGradient, emitter.FilterFactorsOf(shape, x, dy)),
            isBFloat16X: x.IsBFloat16, isBFloat16Y: dy.IsBFloat16);
        DeviceBuffer<float>? workspace = Workspace(emitter, launches.WorkspaceFloats);
        emitter.Launch("filter gradient", l => launches.Launch(l, l.Read(x), l.Read(dy), l.Write(gradient), l.Write(workspace)));
    }

    private static void EmitInputGradient(GpuEmitter emitter, ConvolutionShape shape, DeviceTensor dy, DeviceTensor dx)
    {
        DeviceParameter weight = emitter.Parameter("weight");
        ConvolutionChoice choice = emitter.Choose(shape, ConvolutionPass.InputGradient, emitter.FactorsOf(dy));
        var launches = new InputGradientLaunches(
            shape, emitter.Images, choice, isBFloat16X: dx.IsBFloat16,
            isBFloat16Y: dy.IsBFloat16);
        DeviceBuffer<float>? workspace = Workspace(emitter, launches.WorkspaceFloats);
        bool adds = emitter.AddsInputGradient();
        if (launches.GradientParts is { } parts && emitter.FindNormBefore() is { } norm)
        {
            DeviceTensor v = emitter.Input();
            GpuGradientSums sums = emitter.GatherGradients(parts);
            emitter.Launch("input gradient", l => launches.LaunchGathering(
                l, l.Read(dy), emitter.ReadWeights(l, weight, choice.Tile.Factors), adds ? l.Update(dx) : l.Write(dx),
                new GatheredGradients(
                    l.Read(emitter.Scalars), l.Read(v), l.Read(norm.Input), norm.Input.IsBFloat16, l.Read(norm.Statistics),
                    l.Write(sums.Parts), v.Stored.Area),
                norm.Activation, adds));
            return;
        }
        emitter.Launch("input gradient", l => launches.Launch(
            l, l.Read(dy), emitter.ReadWeights(l, weight, choice.Tile.Factors), adds ? l.Update(dx) : l.Write(dx),
            l.Write(workspace), adds));
    }

    private static DeviceBuffer<float>? Workspace(GpuEmitter emitter, long floats) =>
        floats == 0 ? null : emitter.Workspace<float>("workspace", floats);
}
