using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Convolution.Winograd;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Emits convolutions by Winograd's algorithm on the CPU device.</summary>
internal static unsafe class CpuWinograd
{
    /// <param name="tile">Rows and columns of a tile of the output.</param>
    public static void EmitForward(CpuEmitter emitter, DirectConvolution convolution, int tile)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        CpuParameter weight = emitter.Parameter("weight");
        CpuParameter? bias = emitter.FindParameter("bias");
        var problem = new WinogradProblem(convolution.Shape, emitter.Images, tile, emitter.VectorWidth, y.WholeBlocks * Blocks.Size * y.Stored.Area);
        PlanBuffer zeros = emitter.Zeros(Blocks.RoundUp(convolution.Shape.K));
        PlanBuffer u = EmitFilter(emitter, problem, convolution.Filter, () => weight.Values, null);
        CpuScratch scratch = CpuScratch.For(emitter, "tiles", problem.Chunks, problem.ScratchFloats);
        CpuMoments? moments = emitter.GathersMoments ? emitter.Gather(problem.MomentParts) : null;
        emitter.Launch("forward", () =>
        {
            float* zero = (float*)zeros.Address;
            return emitter.Specialize(new Forward(
                problem, x.Pointer, (float*)u.Address, bias == null ? zero : bias.Values, zero, y.Pointer, scratch.Slots, emitter.Scalars, moments == null ? null : moments.Pointer));
        }, x.Buffer, y.Buffer, u, zeros, scratch.Buffer, moments?.Buffer);
    }

    /// <summary>A convolution of the output's gradient with the turned filter.</summary>
    public static void EmitInputGradient(CpuEmitter emitter, DirectConvolution convolution, int tile, CpuTensor dy, CpuTensor dx)
    {
        ConvolutionShape shape = convolution.Shape;
        CpuParameter weight = emitter.Parameter("weight");
        var turnedShape = new ConvolutionShape(shape.K, shape.OutputHeight, shape.OutputWidth, shape.C, 3, 3, 1, 1, 2 - shape.PadH, 2 - shape.PadW, 1);
        var problem = new WinogradProblem(turnedShape, emitter.Images, tile, emitter.VectorWidth, dx.CountPerImage);
        var layout = new FilterLayout(1, shape.K, 9, Blocks.Size, shape.C, emitter.VectorWidth);
        PlanBuffer turned = emitter.Workspace("turned filter", 4L * layout.Count), zeros = emitter.Zeros(Blocks.RoundUp(shape.C));
        emitter.Launch("turn filter", () => new FilterTurn(convolution.Filter, layout, [8, 7, 6, 5, 4, 3, 2, 1, 0], weight.Values, (float*)turned.Address), turned);
        PlanBuffer u = EmitFilter(emitter, problem, layout, () => (float*)turned.Address, turned);
        CpuScratch scratch = CpuScratch.For(emitter, "tiles", problem.Chunks, problem.ScratchFloats);
        emitter.Launch("input gradient", () => new WinogradConvolution<Identity>(
            problem, dy.Pointer, (float*)u.Address, (float*)zeros.Address, (float*)zeros.Address, dx.Pointer, scratch.Slots, default),
            dy.Buffer, dx.Buffer, u, zeros, scratch.Buffer);
    }

    public static void EmitFilterGradient(CpuEmitter emitter, DirectConvolution convolution, int tile, CpuTensor dy)
    {
        CpuTensor x = emitter.Input();
        CpuParameter weight = emitter.Parameter("weight");
        var problem = new WinogradGradientProblem(convolution.Shape, emitter.Images, tile, emitter.VectorWidth);
        PlanBuffer parts = emitter.Workspace("filter parts", 4 * problem.PartsCount);
        CpuScratch scratch = CpuScratch.For(emitter, "tiles", problem.Chunks, problem.ScratchFloats);
        emitter.Launch("filter gradient", () => new WinogradGradient(problem, x.Pointer, dy.Pointer, (float*)parts.Address, scratch.Slots),
            x.Buffer, dy.Buffer, parts, scratch.Buffer);
        emitter.Launch("transform gradient", () => new WinogradGradientSum(problem, convolution.Filter, (float*)parts.Address, weight.Gradient), parts);
    }

    private static PlanBuffer EmitFilter(CpuEmitter emitter, WinogradProblem problem, FilterLayout layout, Pointer w, PlanBuffer? source)
    {
        PlanBuffer u = emitter.Workspace("transformed filter", 4 * problem.FilterCount);
        emitter.Launch("transform filter", () => new WinogradFilter(problem, layout, w(), (float*)u.Address), source, u);
        return u;
    }

    private delegate float* Pointer();

    private sealed class Forward(
        WinogradProblem problem, float* x, float* u, float* bias, float* zeros, float* y, ScratchSlots slots, StepScalars* scalars, double* moments) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise =>
            new WinogradConvolution<TFunction>(problem, x, u, bias, zeros, y, slots, function, scalars, moments);
    }
}
