using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Layout;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>Emits convolutions, and fully connected layers as convolutions, on the CPU device.</summary>
internal static unsafe class CpuConvolution
{
    public static void EmitForward(CpuEmitter emitter, DirectConvolution convolution) =>
        emitter.Choose(convolution.Shape, ConvolutionPass.Forward, choice =>
        {
            if (choice.IsDirect) EmitDirectForward(emitter, convolution);
            else CpuWinograd.EmitForward(emitter, convolution.Shape, convolution.Filter, choice.Tile);
        });

    private static void EmitDirectForward(CpuEmitter emitter, DirectConvolution convolution)
    {
        DeviceTensor y = emitter.Output;
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values;
        DeviceBuffer<float> bias = emitter.FindParameter("bias")?.Values ?? emitter.Zeros(Blocks.RoundUp(convolution.Shape.K));
        DeviceBuffer<float> x = PadInput(emitter, convolution);
        CpuMoments? moments = emitter.GathersMoments ? emitter.Gather(PixelConvolution<Identity>.MomentParts(convolution.Forward)) : null;
        emitter.Launch("forward", l => PixelConvolution.Of(
            convolution.Forward, l.Read(x), l.Read(weight), l.Read(bias), l.Write(y), emitter.Activation,
            l.Read(moments is null ? null : emitter.Scalars), l.Write(moments?.Parts)));
    }

    /// <param name="unusedRows">Whether the filter has padding rows whose inputs may be nonzero.</param>
    public static void EmitBackward(CpuEmitter emitter, DirectConvolution convolution, bool unusedRows)
    {
        DeviceTensor dy = EmitOutputGradient(emitter, convolution);
        if (emitter.Trains("weight"))
        {
            emitter.Choose(convolution.Shape, ConvolutionPass.FilterGradient, choice =>
            {
                if (choice.IsDirect) EmitFilterGradient(emitter, convolution, dy, unusedRows);
                else CpuWinograd.EmitFilterGradient(emitter, convolution.Shape, convolution.Filter, choice.Tile, dy);
            });
        }
        if (emitter.InputGradient() is not { } dx) return;
        emitter.Choose(convolution.Shape, ConvolutionPass.InputGradient, choice =>
        {
            if (choice.IsDirect) EmitInputGradient(emitter, convolution, dy, dx);
            else CpuWinograd.EmitInputGradient(emitter, convolution.Shape, convolution.Filter, choice.Tile, dy, dx);
        });
    }

    /// <summary>Returns the gradient before the activation: in place, or in scratch if the output is a slice.</summary>
    private static DeviceTensor EmitOutputGradient(CpuEmitter emitter, DirectConvolution convolution)
    {
        DeviceParameter? bias = emitter.TrainsParameters ? emitter.FindParameter("bias") : null;
        DeviceTensor y = emitter.Output, dy = emitter.OutputGradient;
        if (bias is null && !emitter.HasActivation && !dy.IsSlice) return dy;
        DeviceTensor dz = dy.IsSlice ? emitter.WorkspaceLike("output gradient", dy) : dy;
        int blocks = Blocks.Count(convolution.Shape.K), area = convolution.Shape.OutputArea;
        int splits = CpuFusedActivationBackward<Identity>.Splits(emitter.Images, area);
        DeviceBuffer<float>? partial = bias is null || splits == 1
            ? null : emitter.Workspace<float>("bias parts", splits * blocks * Blocks.Size);
        DeviceBuffer<float>? sums = partial ?? bias?.Gradient;
        emitter.Launch("activation and bias gradient", l => CpuFusedActivationBackward.Of(
            l.Read(y), l.Read(dy), l.Write(dz), l.Write(sums), emitter.Images, blocks, dy.WholeBlocks, area, emitter.Activation));
        if (partial is not null) EmitSum(emitter, "bias sum", partial, splits, bias!.Gradient, blocks * Blocks.Size);
        return dz;
    }

    private static void EmitFilterGradient(CpuEmitter emitter, DirectConvolution convolution, DeviceTensor dy, bool unusedRows)
    {
        DeviceParameter weight = emitter.Parameter("weight");
        FilterGradientProblem problem = convolution.Gradient;
        int splits = problem.Splits, count = problem.Filter.Count;
        DeviceBuffer<float> x = PadInput(emitter, convolution);
        DeviceBuffer<float>? partial = splits == 1 ? null : emitter.Workspace<float>("filter parts", (long)splits * count);
        emitter.Launch("filter gradient", l => new FilterGradient(problem, l.Read(x), l.Read(dy), l.Write(partial ?? weight.Gradient)));
        if (partial is not null) EmitSum(emitter, "filter sum", partial, splits, weight.Gradient, count);
        if (!unusedRows) return;
        int[] unused = weight.UnusedEntries();
        emitter.Launch("clear unused", l => new ClearEntries(l.Write(weight.Gradient), unused));
    }

    private static void EmitSum(
        CpuEmitter emitter, string name, DeviceBuffer<float> partial, int splits, DeviceBuffer<float> sum, int count) =>
        emitter.Launch(name, l => new PartialSums(l.Read(partial), splits, count, l.Write(sum)));

    private static void EmitInputGradient(CpuEmitter emitter, DirectConvolution convolution, DeviceTensor dy, DeviceTensor dx)
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
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values;
        BackwardInput backward = convolution.MakeBackwardInput();
        DeviceBuffer<float> zeros = emitter.Zeros(Blocks.RoundUp(convolution.Shape.C));
        DeviceBuffer<float> padded = Pad(emitter, "pad gradient", dy, emitter.Images * Blocks.Count(convolution.Shape.K),
            convolution.Shape.OutputHeight, convolution.Shape.OutputWidth, Blocks.Size, backward.Border, backward.PaddedCount);
        foreach (BackwardInputPhase phase in backward.Phases)
        {
            DeviceBuffer<float> turned = emitter.Workspace<float>("turned filter", Math.Max(1, phase.Problem.Filter.Count));
            emitter.Launch("turn filter", l => new FilterTurn(
                convolution.Filter, phase.Problem.Filter, phase.Taps, l.Read(weight), l.Write(turned)));
            emitter.Launch("input gradient", l => new PixelConvolution<Identity>(
                phase.Problem, l.Read(padded), l.Read(turned), l.Read(zeros), l.Write(dx), default));
        }
    }

    private static void EmitTurnedProduct(CpuEmitter emitter, FilterLayout filter, DeviceTensor dy, DeviceTensor dx)
    {
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values, zeros = emitter.Zeros(Blocks.RoundUp(filter.Channels));
        CpuScratch scratch = CpuScratch.For(emitter, "turned strips", TurnedProduct.ChunksOf(filter), TurnedProduct.ScratchFloats(filter));
        emitter.Launch("input gradient", l => new TurnedProduct(
            filter, emitter.Images, l.Read(dy), l.Read(weight), l.Read(zeros), l.Write(dx), l.Slots(scratch)));
    }

    private static void EmitScatter(CpuEmitter emitter, DirectConvolution convolution, DeviceTensor dy, DeviceTensor dx)
    {
        FilterLayout layout = FilterColumns.LayoutFor(convolution.Filter);
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values, zeros = emitter.Zeros(layout.Outputs);
        DeviceBuffer<float> columns = emitter.Workspace<float>("filter columns", layout.Count);
        emitter.Launch("filter columns", l => new FilterColumns(convolution.Filter, layout, l.Read(weight), l.Write(columns)));
        emitter.Launch("input gradient", l => new ScatterInputGradient(
            convolution.Shape, layout, emitter.Images, l.Read(dy), l.Read(columns), l.Read(zeros), l.Write(dx)));
    }

    private static DeviceBuffer<float> PadInput(CpuEmitter emitter, DirectConvolution convolution) => Pad(
        emitter, "pad", emitter.Input(), emitter.Images * convolution.InputPlanes, convolution.Shape.H, convolution.Shape.W,
        convolution.InputFloatsPerPixel, convolution.InputBorder, convolution.PaddedInputCount);

    /// <summary>Returns the tensor itself if it needs no border, else a copy with one.</summary>
    private static DeviceBuffer<float> Pad(
        CpuEmitter emitter, string name, DeviceTensor source, int planes, int height, int width, int floatsPerPixel, Border border,
        long count)
    {
        if (border.IsEmpty) return source.Elements;
        DeviceBuffer<float> padded = emitter.Workspace<float>(name, count);
        emitter.Launch(name, l => new CpuPad(l.Read(source.Elements), l.Write(padded), planes, height, width * floatsPerPixel,
            border.Top, border.Bottom, border.Left * floatsPerPixel, border.Right * floatsPerPixel));
        return padded;
    }
}
