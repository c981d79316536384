using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Layout;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Emits convolutions, and the fully connected layers that are a kind of them, on the CPU device.</summary>
internal static unsafe class CpuConvolution
{
    public static void EmitForward(CpuEmitter emitter, DirectConvolution convolution) => emitter.Choose(convolution.Shape, ConvolutionPass.Forward, choice =>
    {
        if (choice.IsDirect) EmitDirectForward(emitter, convolution);
        else CpuWinograd.EmitForward(emitter, convolution, choice.Tile);
    });

    private static void EmitDirectForward(CpuEmitter emitter, DirectConvolution convolution)
    {
        CpuTensor y = emitter.Output;
        CpuParameter weight = emitter.Parameter("weight");
        CpuParameter? bias = emitter.FindParameter("bias");
        PlanBuffer? zeros = bias == null ? emitter.Zeros(Blocks.RoundUp(convolution.Shape.K)) : null;
        PlanBuffer x = Pad(emitter, "pad", emitter.Input().Buffer, emitter.Images * convolution.InputPlanes,
            convolution.Shape.H, convolution.Shape.W, convolution.InputFloatsPerPixel, convolution.InputBorder, convolution.PaddedInputCount);
        CpuMoments? moments = emitter.GathersMoments ? emitter.Gather(PixelConvolution<Identity>.MomentParts(convolution.Forward)) : null;
        emitter.Launch("forward", () =>
        {
            float* biases = bias == null ? (float*)zeros!.Address : bias.Values;
            return emitter.Specialize(new Forward(
                convolution.Forward, (float*)x.Address, weight.Values, biases, y.Pointer, emitter.Scalars, moments == null ? null : moments.Pointer));
        }, x, y.Buffer, zeros, moments?.Buffer);
    }

    /// <param name="unusedRows">Whether the filter has rows that stand for no weight and yet meet values that are not zero.</param>
    public static void EmitBackward(CpuEmitter emitter, DirectConvolution convolution, bool unusedRows)
    {
        CpuTensor dy = EmitOutputGradient(emitter, convolution);
        if (emitter.Parameter("weight").Parameter.IsTrained)
        {
            emitter.Choose(convolution.Shape, ConvolutionPass.FilterGradient, choice =>
            {
                if (choice.IsDirect) EmitFilterGradient(emitter, convolution, dy, unusedRows);
                else CpuWinograd.EmitFilterGradient(emitter, convolution, choice.Tile, dy);
            });
        }
        if (emitter.InputGradient() is not { } dx) return;
        emitter.Choose(convolution.Shape, ConvolutionPass.InputGradient, choice =>
        {
            if (choice.IsDirect) EmitInputGradient(emitter, convolution, dy, dx);
            else CpuWinograd.EmitInputGradient(emitter, convolution, choice.Tile, dy, dx);
        });
    }

    /// <summary>The gradient before the activation: in place or, of an output in a slice, apart.</summary>
    private static CpuTensor EmitOutputGradient(CpuEmitter emitter, DirectConvolution convolution)
    {
        CpuParameter? bias = emitter.FindParameter("bias");
        CpuTensor y = emitter.Output, dy = emitter.OutputGradient;
        if (bias == null && !emitter.HasActivation && !dy.IsSlice) return dy;
        CpuTensor dz = dy.IsSlice ? new(emitter.Workspace("output gradient", 4 * dy.Count), dy.Shape, dy.Stored, dy.ChannelsLast, dy.Images) : dy;
        int blocks = Blocks.Count(convolution.Shape.K), area = convolution.Shape.OutputArea;
        int splits = CpuFusedActivationBackward<Identity>.Splits(emitter.Images, area);
        PlanBuffer? partial = bias == null || splits == 1 ? null : emitter.Workspace("bias parts", 4L * splits * blocks * Blocks.Size);
        emitter.Launch("activation and bias gradient", () =>
        {
            float* sums = bias == null ? null : partial == null ? bias.Gradient : (float*)partial.Address;
            return emitter.Specialize(new ActivationBackward(y.Pointer, dy.Pointer, dz.Pointer, sums, emitter.Images, blocks, dy.WholeBlocks, area));
        }, y.Buffer, dy.Buffer, dz.Buffer, partial);
        if (partial != null)
            emitter.Launch("bias sum", () => new PartialSums((float*)partial.Address, splits, blocks * Blocks.Size, bias!.Gradient), partial);
        return dz;
    }

    private static void EmitFilterGradient(CpuEmitter emitter, DirectConvolution convolution, CpuTensor dy, bool unusedRows)
    {
        CpuParameter weight = emitter.Parameter("weight");
        FilterGradientProblem problem = convolution.Gradient;
        int splits = problem.Splits, count = problem.Filter.Count;
        PlanBuffer x = Pad(emitter, "pad", emitter.Input().Buffer, emitter.Images * convolution.InputPlanes,
            convolution.Shape.H, convolution.Shape.W, convolution.InputFloatsPerPixel, convolution.InputBorder, convolution.PaddedInputCount);
        PlanBuffer? partial = splits == 1 ? null : emitter.Workspace("filter parts", 4L * splits * count);
        emitter.Launch("filter gradient", () => new FilterGradient(
            problem, (float*)x.Address, dy.Pointer, partial == null ? weight.Gradient : (float*)partial.Address), x, dy.Buffer, partial);
        if (partial != null)
            emitter.Launch("filter sum", () => new PartialSums((float*)partial.Address, splits, count, weight.Gradient), partial);
        if (!unusedRows) return;
        int[] unused = weight.UnusedEntries();
        emitter.Launch("clear unused", () => new ClearEntries(weight.Gradient, unused));
    }

    private static void EmitInputGradient(CpuEmitter emitter, DirectConvolution convolution, CpuTensor dy, CpuTensor dx)
    {
        if (convolution.ScattersInputGradient)
        {
            EmitScatter(emitter, convolution, dy, dx);
            return;
        }
        if (convolution.IsProduct)
        {
            EmitTurnedProduct(emitter, convolution.Filter, dy, dx);
            return;
        }
        CpuParameter weight = emitter.Parameter("weight");
        BackwardInput backward = convolution.MakeBackwardInput();
        PlanBuffer zeros = emitter.Zeros(Blocks.RoundUp(convolution.Shape.C));
        PlanBuffer padded = Pad(emitter, "pad gradient", dy.Buffer, emitter.Images * Blocks.Count(convolution.Shape.K),
            convolution.Shape.OutputHeight, convolution.Shape.OutputWidth, Blocks.Size, backward.Border, backward.PaddedCount);
        foreach (BackwardInputPhase phase in backward.Phases)
        {
            PlanBuffer turned = emitter.Workspace("turned filter", 4L * Math.Max(1, phase.Problem.Filter.Count));
            emitter.Launch("turn filter", () => new FilterTurn(
                convolution.Filter, phase.Problem.Filter, phase.Taps, weight.Values, (float*)turned.Address), turned);
            emitter.Launch("input gradient", () => new PixelConvolution<Identity>(
                phase.Problem, (float*)padded.Address, (float*)turned.Address, (float*)zeros.Address, dx.Pointer, default), padded, turned, zeros, dx.Buffer);
        }
    }

    private static void EmitTurnedProduct(CpuEmitter emitter, FilterLayout filter, CpuTensor dy, CpuTensor dx)
    {
        CpuParameter weight = emitter.Parameter("weight");
        PlanBuffer zeros = emitter.Zeros(Blocks.RoundUp(filter.Channels));
        CpuScratch scratch = CpuScratch.For(emitter, "turned strips", TurnedProduct.ChunksOf(filter), TurnedProduct.ScratchFloats(filter));
        emitter.Launch("input gradient", () => new TurnedProduct(
            filter, emitter.Images, dy.Pointer, weight.Values, (float*)zeros.Address, dx.Pointer, scratch.Slots), dy.Buffer, zeros, dx.Buffer, scratch.Buffer);
    }

    private static void EmitScatter(CpuEmitter emitter, DirectConvolution convolution, CpuTensor dy, CpuTensor dx)
    {
        CpuParameter weight = emitter.Parameter("weight");
        FilterLayout layout = FilterColumns.LayoutFor(convolution.Filter);
        PlanBuffer columns = emitter.Workspace("filter columns", 4L * layout.Count);
        PlanBuffer zeros = emitter.Zeros(layout.Outputs);
        emitter.Launch("filter columns", () => new FilterColumns(convolution.Filter, layout, weight.Values, (float*)columns.Address), columns);
        emitter.Launch("input gradient", () => new ScatterInputGradient(
            convolution.Shape, layout, emitter.Images, dy.Pointer, (float*)columns.Address, (float*)zeros.Address, dx.Pointer), dy.Buffer, columns, zeros, dx.Buffer);
    }

    /// <summary>The buffer itself where no border is needed, else a copy with one.</summary>
    private static PlanBuffer Pad(
        CpuEmitter emitter, string name, PlanBuffer source, int planes, int height, int width, int floatsPerPixel, Border border, long count)
    {
        if (border.IsEmpty) return source;
        PlanBuffer padded = emitter.Workspace(name, 4 * count);
        emitter.Launch(name, () => new CpuPad((float*)source.Address, (float*)padded.Address, planes, height, width * floatsPerPixel,
            border.Top, border.Bottom, border.Left * floatsPerPixel, border.Right * floatsPerPixel), source, padded);
        return padded;
    }

    private sealed class Forward(PixelProblem problem, float* x, float* w, float* bias, float* y, StepScalars* scalars, double* moments) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise =>
            new PixelConvolution<TFunction>(problem, x, w, bias, y, function, scalars, moments);
    }

    private sealed class ActivationBackward(float* y, float* dy, float* dz, float* partial, int images, int blocks, int wholeBlocks, int area) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise =>
            new CpuFusedActivationBackward<TFunction>(y, dy, dz, partial, images, blocks, wholeBlocks, area, function);
    }
}
