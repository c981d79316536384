using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Convolution.Winograd;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>Emits convolutions with Winograd's algorithm on the CPU device.</summary>
internal static unsafe class CpuWinograd
{
    /// <param name="filter">Storage of the weights.</param>
    /// <param name="tile">Rows and columns of an output tile.</param>
    public static void EmitForward(CpuEmitter emitter, ConvolutionShape shape, FilterLayout filter, int tile)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        DeviceBuffer<float> zeros = emitter.Zeros(Blocks.RoundUp(shape.K)), bias = emitter.FindParameter("bias")?.Values ?? zeros;
        var problem = new WinogradProblem(shape, emitter.Images, tile, emitter.VectorWidth, y.WholeBlocks * Blocks.Size * y.Stored.Area);
        DeviceBuffer<float> u = EmitFilter(emitter, problem, filter, emitter.Parameter("weight").Values);
        CpuScratch scratch = CpuScratch.For(emitter, "tiles", problem.Chunks, problem.ScratchFloats);
        CpuMoments? moments = emitter.GathersMoments ? emitter.Gather(problem.MomentParts) : null;
        emitter.Launch("forward", l => WinogradConvolution.Of(
            problem, l.Read(x), l.Read(u), l.Read(bias), l.Read(zeros), l.Write(y), l.Slots(scratch), emitter.Activation,
            l.Read(moments is null ? null : emitter.Scalars), l.Write(moments?.Parts)));
    }

    /// <summary>Emits a convolution of the output's gradient with the rotated filter.</summary>
    public static void EmitInputGradient(
        CpuEmitter emitter, ConvolutionShape shape, FilterLayout filter, int tile, DeviceTensor dy, DeviceTensor dx)
    {
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values, zeros = emitter.Zeros(Blocks.RoundUp(shape.C));
        var turnedShape = new ConvolutionShape(shape.K, shape.OutputHeight, shape.OutputWidth, shape.C, 3, 3, 1, 1, 2 - shape.PadH,
            2 - shape.PadW, 1);
        var problem = new WinogradProblem(turnedShape, emitter.Images, tile, emitter.VectorWidth, dx.CountPerImage);
        var layout = new FilterLayout(1, shape.K, 9, Blocks.Size, shape.C, emitter.VectorWidth);
        DeviceBuffer<float> turned = emitter.Workspace<float>("turned filter", layout.Count);
        emitter.Launch("turn filter", l => new FilterTurn(filter, layout, [8, 7, 6, 5, 4, 3, 2, 1, 0], l.Read(weight), l.Write(turned)));
        DeviceBuffer<float> u = EmitFilter(emitter, problem, layout, turned);
        CpuScratch scratch = CpuScratch.For(emitter, "tiles", problem.Chunks, problem.ScratchFloats);
        emitter.Launch("input gradient", l => new WinogradConvolution<Identity>(
            problem, l.Read(dy), l.Read(u), l.Read(zeros), l.Read(zeros), l.Write(dx), l.Slots(scratch), default));
    }

    public static void EmitFilterGradient(CpuEmitter emitter, ConvolutionShape shape, FilterLayout filter, int tile, DeviceTensor dy)
    {
        DeviceTensor x = emitter.Input();
        DeviceBuffer<float> gradient = emitter.Parameter("weight").Gradient;
        var problem = new WinogradGradientProblem(shape, emitter.Images, tile, emitter.VectorWidth);
        DeviceBuffer<float> parts = emitter.Workspace<float>("filter parts", problem.PartsCount);
        CpuScratch scratch = CpuScratch.For(emitter, "tiles", problem.Chunks, problem.ScratchFloats);
        emitter.Launch("filter gradient", l => new WinogradGradient(problem, l.Read(x), l.Read(dy), l.Write(parts), l.Slots(scratch)));
        emitter.Launch("transform gradient", l => new WinogradGradientSum(problem, filter, l.Read(parts), l.Write(gradient)));
    }

    private static DeviceBuffer<float> EmitFilter(CpuEmitter emitter, WinogradProblem problem, FilterLayout layout, DeviceBuffer<float> w)
    {
        DeviceBuffer<float> u = emitter.Workspace<float>("transformed filter", problem.FilterCount);
        emitter.Launch("transform filter", l => new WinogradFilter(problem, layout, l.Read(w), l.Write(u)));
        return u;
    }
}
