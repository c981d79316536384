using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Normalizes each channel: y = (x - mean) / sqrt(variance + epsilon) * weight + bias (Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167). While training, mean and variance are those of the
/// batch, and the running ones, of which the variance is unbiased, move towards them by the momentum at each step; otherwise the running ones are used. Parameters as in PyTorch: weight [C], bias [C];
/// state: running_mean [C], running_var [C], num_batches_tracked []. A batch of one value for each channel has no variance: its output is the bias.
/// </summary>
public sealed class BatchNorm2d : UnaryOperator
{
    public BatchNorm2d(float epsilon = 1e-5f, float momentum = 0.1f)
    {
        if (!(epsilon > 0)) throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "BatchNorm2d expects a positive epsilon.");
        if (!(momentum is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(momentum), momentum, "BatchNorm2d expects a momentum in [0, 1].");
        Epsilon = epsilon;
        Momentum = momentum;
    }

    public float Epsilon { get; }

    /// <summary>What part of the running statistics a batch replaces.</summary>
    public float Momentum { get; }

    public override bool FusesActivation => true;

    public override bool FusesAdd => true;

    public override bool ReadsMoments => true;

    public override bool WritesSlices => true;

    protected override Shape InferShape(Shape input) =>
        input.IsVector ? throw new GpuCnnException($"BatchNorm2d expects a volume CxHxW, but got a vector of {input}; put it before Flatten.") : input;

    protected override IReadOnlyList<ParameterSpec> GetParameters(Shape input)
    {
        Initializer zero = Initializer.Constant(0), one = Initializer.Constant(1);
        return
        [
            Spec("weight", ParameterRole.Weight, one), Spec("bias", ParameterRole.Bias, zero),
            Spec("running_mean", ParameterRole.State, zero), Spec("running_var", ParameterRole.State, one),
            new("num_batches_tracked", ParameterRole.State, [], 1, 1, zero),
        ];

        ParameterSpec Spec(string name, ParameterRole role, Initializer initializer) => new(name, role, [input.Channels], 1, 1, initializer);
    }

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input();
        CpuBatchNormShape shape = ShapeOf(x, emitter.Output);
        CpuParameter mean = emitter.Parameter("running_mean"), variance = emitter.Parameter("running_var"), batches = emitter.Parameter("num_batches_tracked");
        PlanBuffer? statistics = null;
        if (emitter.Training)
        {
            statistics = Statistics(emitter, shape);
            CpuMoments moments = emitter.InputMoments ?? EmitMoments(emitter, x, shape);
            emitter.Launch("statistics", () => new CpuBatchNormStatistics(
                shape.Channels, moments.Parts, Epsilon, Momentum, emitter.Scalars, moments.Pointer, (float*)statistics.Address, mean.Values, variance.Values, batches.Values),
                moments.Buffer, statistics);
        }
        emitter.Launch("forward", () => emitter.Specialize(new CpuForward(emitter, shape, Epsilon, statistics)),
            x.Buffer, emitter.HasAddend ? emitter.Input(1).Buffer : null, emitter.Output.Buffer, statistics);
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        CpuBatchNormShape shape = ShapeOf(x, y);
        PlanBuffer statistics = Statistics(emitter, shape), sums = emitter.Workspace("gradient sums", sizeof(double) * shape.SumCount);
        CpuParameter weight = emitter.Parameter("weight"), bias = emitter.Parameter("bias");
        CpuTensor? dx = emitter.InputGradient(), addend = emitter.HasAddend ? emitter.InputGradient(1) : null;
        if (dx != null || emitter.TrainsParameters)
        {
            emitter.Launch("gradient sums", () => emitter.Specialize(new CpuSums(emitter, shape, statistics, sums)), x.Buffer, y.Buffer, dy.Buffer, statistics, sums);
            emitter.Launch("parameter gradients", () => new CpuBatchNormParameterGradients(
                shape, (double*)sums.Address, (float*)statistics.Address + shape.Stored, weight.Gradient, bias.Gradient), statistics, sums);
        }
        if (dx != null)
        {
            emitter.Launch("input gradient", () => emitter.Specialize(new CpuInputGradient(emitter, shape, statistics, dx, addend)),
                x.Buffer, y.Buffer, dy.Buffer, dx.Buffer, addend?.Buffer, statistics);
        }
        else if (addend != null)
        {
            emitter.Launch("addend gradient", () => emitter.Specialize(new Activation.CpuBackward(y.Pointer, dy.Pointer, addend.Pointer, y.Count)),
                y.Buffer, dy.Buffer, addend.Buffer);
        }
    }

    /// <summary>A pass of its own over x, where nobody gathered the moments.</summary>
    private static unsafe CpuMoments EmitMoments(CpuEmitter emitter, CpuTensor x, CpuBatchNormShape shape)
    {
        CpuMoments moments = emitter.MomentsOf(x, shape.Splits);
        emitter.Launch("moments", () => new CpuBatchNormMoments(shape, emitter.Scalars, x.Pointer, moments.Pointer), x.Buffer, moments.Buffer);
        return moments;
    }

    public override void EmitForward(GpuEmitter emitter)
    {
        GpuTensor x = emitter.Input();
        GpuBuffer<float>? statistics = null;
        if (emitter.Training)
        {
            (int channels, int area, _) = PartsOf(x);
            statistics = Statistics(emitter, channels);
            GpuMoments moments = Merged(emitter, x, emitter.InputMoments ?? EmitMoments(emitter, x));
            emitter.Launch("statistics", launches => launches.Add(new BatchNormStatistics(
                emitter.Scalars, moments.Parts.View, statistics.View, emitter.Parameter("running_mean").Values, emitter.Parameter("running_var").Values,
                emitter.Parameter("num_batches_tracked").Values, area, channels, moments.Rows, moments.Count, Epsilon, Momentum)), moments.Parts.Buffer, statistics.Buffer);
        }
        emitter.Launch("forward", emitter.UseActivation(new Forward(emitter, Epsilon, statistics)),
            x.Buffer, emitter.HasAddend ? emitter.Input(1).Buffer : null, emitter.Output.Buffer, statistics?.Buffer);
    }

    public override void EmitBackward(GpuEmitter emitter)
    {
        GpuTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        (int channels, _, BatchNormParts parts) = PartsOf(x);
        GpuBuffer<float> statistics = Statistics(emitter, channels), sums = emitter.Workspace<float>("gradient sums", parts.Floats);
        GpuTensor? dx = emitter.InputGradient(), addend = emitter.HasAddend ? emitter.InputGradient(1) : null;
        if (dx != null || emitter.TrainsParameters)
        {
            emitter.Launch("gradient sums", emitter.UseActivation(new Sums(emitter, statistics, sums)), x.Buffer, y.Buffer, dy.Buffer, statistics.Buffer, sums.Buffer);
            emitter.Launch("parameter gradients", launches => launches.Add(new BatchNormParameterGradients(
                sums.View, statistics.View.Slice(channels), emitter.Parameter("weight").Gradient, emitter.Parameter("bias").Gradient, channels, parts.Count)),
                statistics.Buffer, sums.Buffer);
        }
        if (dx != null)
        {
            emitter.Launch("input gradient", emitter.UseActivation(new InputGradient(emitter, statistics, dx, addend)),
                x.Buffer, y.Buffer, dy.Buffer, dx.Buffer, addend?.Buffer, statistics.Buffer);
        }
        else if (addend != null)
        {
            emitter.Launch("addend gradient", emitter.UseActivation(new Activation.Backward(emitter, addend)), y.Buffer, dy.Buffer, addend.Buffer);
        }
    }

    /// <summary>A pass of its own over x, where nobody gathered the moments.</summary>
    private static GpuMoments EmitMoments(GpuEmitter emitter, GpuTensor x)
    {
        (int channels, int area, BatchNormParts parts) = PartsOf(x);
        GpuMoments moments = emitter.MomentsOf(x, parts.PartRows);
        emitter.Launch("moments", launches => launches.Add(new BatchNormMoments(
            parts.Width, emitter.Scalars, x.View, moments.Parts.View, area, channels, parts.PartRows), parts.Groups), x.Buffer, moments.Parts.Buffer);
        return moments;
    }

    /// <summary>Few enough moments for one thread after another to read, or those of runs of them.</summary>
    private static GpuMoments Merged(GpuEmitter emitter, GpuTensor x, GpuMoments moments)
    {
        (int channels, int area, _) = PartsOf(x);
        int run = BatchNormParts.RunOf(moments.Count);
        if (run == 1) return moments;
        GpuMoments runs = emitter.MomentsOf(x, run * moments.Rows);
        emitter.Launch("merge", launches => launches.Add(new BatchNormMerge(
            emitter.Scalars, moments.Parts.View, runs.Parts.View, area, channels, moments.Rows, moments.Count, run)), moments.Parts.Buffer, runs.Parts.Buffer);
        return runs;
    }

    private static CpuBatchNormShape ShapeOf(CpuTensor x, CpuTensor y) => new(x.Images, x.Stored.Channels, x.Stored.Area, y.WholeBlocks);

    private static (int Channels, int Area, BatchNormParts Parts) PartsOf(GpuTensor x) =>
        (x.Stored.Channels, x.Stored.Area, new(x.Stored.Channels, x.Images * x.Stored.Area));

    /// <summary>Means and inverse deviations of the batch.</summary>
    private static PlanBuffer Statistics(CpuEmitter emitter, CpuBatchNormShape shape) => emitter.Saved("statistics", 2 * sizeof(float) * shape.Stored);

    /// <inheritdoc cref="Statistics(CpuEmitter, CpuBatchNormShape)"/>
    private static GpuBuffer<float> Statistics(GpuEmitter emitter, int channels) => emitter.Saved<float>("statistics", 2 * channels);

    private sealed unsafe class CpuForward(CpuEmitter emitter, CpuBatchNormShape shape, float epsilon, PlanBuffer? statistics) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            float* means = statistics == null ? emitter.Parameter("running_mean").Values : (float*)statistics.Address;
            float* scales = statistics == null ? emitter.Parameter("running_var").Values : means + shape.Stored;
            return new CpuBatchNormForward<TFunction>(
                shape, epsilon, statistics == null, emitter.Input().Pointer, emitter.HasAddend ? emitter.Input(1).Pointer : null, emitter.Output.Pointer, means, scales,
                emitter.Parameter("weight").Values, emitter.Parameter("bias").Values, function);
        }
    }

    private sealed unsafe class CpuSums(CpuEmitter emitter, CpuBatchNormShape shape, PlanBuffer statistics, PlanBuffer sums) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise => new CpuBatchNormGradientSums<TFunction>(
            shape, emitter.Scalars, emitter.Input().Pointer, emitter.Output.Pointer, emitter.OutputGradient.Pointer, (float*)statistics.Address, (double*)sums.Address, function);
    }

    private sealed unsafe class CpuInputGradient(CpuEmitter emitter, CpuBatchNormShape shape, PlanBuffer statistics, CpuTensor dx, CpuTensor? addend) : IActivationUser<ICpuKernel>
    {
        public ICpuKernel Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            CpuParameter weight = emitter.Parameter("weight"), bias = emitter.Parameter("bias");
            return new CpuBatchNormInputGradient<TFunction>(
                shape, emitter.Scalars, emitter.Input().Pointer, emitter.Output.Pointer, emitter.OutputGradient.Pointer, dx.Pointer, addend == null ? null : addend.Pointer,
                (float*)statistics.Address, weight.Values, weight.Gradient, bias.Gradient, function);
        }
    }

    private sealed class Forward(GpuEmitter emitter, float epsilon, GpuBuffer<float>? statistics) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor x = emitter.Input(), y = emitter.Output;
            int channels = x.Stored.Channels;
            var grid = new BatchNormGrid(channels, x.Images * x.Stored.Area, y.WholeChannels);
            return launches =>
            {
                View<float> means = statistics?.View ?? emitter.Parameter("running_mean").Values;
                View<float> scales = statistics?.View.Slice(channels) ?? emitter.Parameter("running_var").Values;
                launches.Add(new BatchNormForward<TFunction>(
                    grid.Lanes, statistics == null, emitter.HasAddend, x.View, emitter.HasAddend ? emitter.Input(1).View : x.View, y.View, means, scales,
                    emitter.Parameter("weight").Values, emitter.Parameter("bias").Values, grid, epsilon, function));
            };
        }
    }

    private sealed class Sums(GpuEmitter emitter, GpuBuffer<float> statistics, GpuBuffer<float> sums) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
            (int channels, int area, BatchNormParts parts) = PartsOf(x);
            return launches => launches.Add(new BatchNormGradientSums<TFunction>(
                parts.Width, emitter.Scalars, x.View, y.View, dy.View, statistics.View, sums.View, area, channels, y.WholeChannels, parts.PartRows, function), parts.Groups);
        }
    }

    private sealed class InputGradient(GpuEmitter emitter, GpuBuffer<float> statistics, GpuTensor dx, GpuTensor? addend) : IActivationUser<Action<IKernelLaunches>>
    {
        public Action<IKernelLaunches> Use<TFunction>(TFunction function) where TFunction : unmanaged, IPointwise
        {
            GpuTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
            GpuParameter weight = emitter.Parameter("weight"), bias = emitter.Parameter("bias");
            var grid = new BatchNormGrid(x.Stored.Channels, x.Images * x.Stored.Area, y.WholeChannels);
            return launches => launches.Add(new BatchNormInputGradient<TFunction>(
                grid.Lanes, addend != null, emitter.Scalars, x.View, y.View, dy.View, dx.View, addend?.View ?? default, statistics.View, weight.Values, weight.Gradient,
                bias.Gradient, grid, x.Stored.Area, function));
        }
    }
}
