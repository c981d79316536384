using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.MatrixProduct.Units;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Emits fully connected layers on GPU devices: y = f(x W + b), x [images][inputs], W [inputs][units]. There are few rows and long
/// reductions, so each of the three products may be split.
/// </summary>
internal static class GpuProduct
{
    public static void EmitForward(GpuEmitter emitter, int units)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        DeviceParameter weight = emitter.Parameter("weight");
        DeviceBuffer<float>? bias = emitter.FindParameter("bias")?.Values;
        int inputs = x.Shape.Count;
        MatrixProductLaunches launches = Choose(
            emitter, Problem("", inputs, units, emitter.Images), new() { M = emitter.Images, N = units, K = inputs },
            emitter.FactorsOf(x), isBFloat16A: x.IsBFloat16, isWeightsB: true, isBFloat16C: y.IsBFloat16);
        DeviceBuffer<float>? parts = Parts(emitter, launches);
        emitter.Launch("forward", l => launches.Launch(
            l, l.Read(x), emitter.ReadWeights(l, weight, launches.Tile.Factors), bias is null ? null : l.Read(bias), l.Write(y),
            l.Write(parts), emitter.Activation));
    }

    public static void EmitBackward(GpuEmitter emitter, int units)
    {
        DeviceTensor x = emitter.Input(), dy = emitter.EmitFusedActivation();
        DeviceParameter weight = emitter.Parameter("weight");
        int inputs = x.Shape.Count;
        if (emitter.TrainsParameters)
        {
            if (emitter.FindParameter("bias") is { } bias) GpuConvolution.EmitBiasGradient(emitter, dy, emitter.Images, units, bias);
            GemmShape shape = new() { M = inputs, N = units, K = emitter.Images };
            MatrixProductLaunches launches = Choose(
                emitter, Problem(" weight gradient", inputs, units, emitter.Images), shape, emitter.FactorsOf(x, dy),
                transposeA: true,
                isBFloat16A: x.IsBFloat16, isBFloat16B: dy.IsBFloat16);
            DeviceBuffer<float>? parts = Parts(emitter, launches);
            emitter.Launch("weight gradient", l => launches.Launch(
                l, l.Read(x), l.Read(dy), null, l.Write(weight.Gradient), l.Write(parts), default(Identity)));
        }
        if (emitter.InputGradient() is { } dx)
        {
            GemmShape shape = new() { M = emitter.Images, N = inputs, K = units };
            MatrixProductLaunches launches = Choose(
                emitter, Problem(" input gradient", inputs, units, emitter.Images), shape, emitter.FactorsOf(dy),
                transposeB: true, isBFloat16A: dy.IsBFloat16, isWeightsB: true, isBFloat16C: dx.IsBFloat16);
            DeviceBuffer<float>? parts = Parts(emitter, launches);
            emitter.Launch("input gradient", l => launches.Launch(
                l, l.Read(dy), emitter.ReadWeights(l, weight, launches.Tile.Factors), null, l.Write(dx), l.Write(parts),
                default(Identity)));
        }
    }

    /// <summary>Describes a pass's computation, as files store its choice.</summary>
    private static string Problem(string pass, int inputs, int units, int images) =>
        $"fully connected{pass} {inputs} -> {units}, {images} images";

    /// <summary>Chooses the launches of the next step.</summary>
    /// <param name="factors">What is multiplied, if matrix units can load it.</param>
    /// <param name="isWeightsB">Whether B is weights, which come in the format that is multiplied.</param>
    private static MatrixProductLaunches Choose(
        GpuEmitter emitter, string problem, GemmShape shape, FactorType factors, bool transposeA = false, bool transposeB = false,
        bool isBFloat16A = false, bool isBFloat16B = false, bool isBFloat16C = false, bool isWeightsB = false)
    {
        if (!UnitTile.Takes(shape, transposeA, transposeB, factors)) factors = FactorType.Float32;
        // Shapes without pitches: floats that are whole loads of 16 bytes serve every way to multiply float32 by units.
        bool isLoadable = !isBFloat16A && !isBFloat16B && UnitTile.Takes(shape, transposeA, transposeB, FactorType.SplitTF32);
        ProductChoice choice = emitter.Choose(problem, shape.M, shape.N, shape.K, factors, isLoadable);
        if (isWeightsB) isBFloat16B = choice.Tile.Factors == FactorType.BFloat16;
        return new(
            shape, transposeA, transposeB, tile: choice.Tile, byLibrary: choice.ByLibrary, isBFloat16A: isBFloat16A,
            isBFloat16B: isBFloat16B, isBFloat16C: isBFloat16C);
    }

    private static DeviceBuffer<float>? Parts(GpuEmitter emitter, MatrixProductLaunches launches) =>
        launches.WorkspaceFloats == 0 ? null : emitter.Workspace<float>("parts", launches.WorkspaceFloats);
}
