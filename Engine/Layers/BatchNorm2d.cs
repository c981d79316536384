using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Normalizes each channel: y = (x - mean) / sqrt(variance + epsilon) * weight + bias (Ioffe and Szegedy, 2015,
/// https://arxiv.org/abs/1502.03167). Training uses the mean and variance of the batch, and moves the running mean and the running unbiased
/// variance towards them by the momentum at each step. Inference uses the running statistics. Parameters as in PyTorch: weight [C], bias
/// [C]; state: running_mean [C], running_var [C], num_batches_tracked []. A plan that trains refuses a batch with one value per channel,
/// which has no variance (<see cref="SingleValueException"/>). With frozen statistics (<see cref="Network.FreezeStatistics"/>) training
/// uses and leaves the running statistics, and takes any batch. With <see cref="PlanOptions.SyncsNorms"/> the batch is that of all ranks.
/// </summary>
public sealed class BatchNorm2d : UnaryOperator, IDeviceOperator
{
    public BatchNorm2d(float epsilon = 1e-5f, float momentum = 0.1f)
    {
        if (!(epsilon > 0)) throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "BatchNorm2d expects a positive epsilon.");
        if (!(momentum is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(momentum), momentum, "BatchNorm2d expects a momentum in [0, 1].");
        Epsilon = epsilon;
        Momentum = momentum;
    }

    public float Epsilon { get; }

    /// <summary>Part of the running statistics that a batch replaces.</summary>
    public float Momentum { get; }

    public override bool FusesActivation => true;

    public override bool FusesAdd => true;

    public override bool ReadsMoments => true;

    public override bool ReadsGradientSums => true;

    public override bool KeepsStatistics => true;

    public override bool WritesSlices => true;

    protected override Shape InferShape(Shape input) => input.IsVector
        ? throw new GpuCnnException($"BatchNorm2d expects a volume CxHxW, but got a vector of {input}; put it before Flatten.")
        : input;

    protected override IReadOnlyList<ParameterSpec> GetParameters(Shape input)
    {
        Initializer zero = Initializer.Constant(0), one = Initializer.Constant(1);
        return
        [
            Spec("weight", ParameterRole.Weight, one), Spec("bias", ParameterRole.Bias, zero),
            Spec("running_mean", ParameterRole.State, zero), Spec("running_var", ParameterRole.State, one),
            new("num_batches_tracked", ParameterRole.State, [], 1, 1, zero),
        ];

        ParameterSpec Spec(string name, ParameterRole role, Initializer initializer) =>
            new(name, role, [input.Channels], 1, 1, initializer);
    }

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        DeviceTensor? addend = emitter.HasAddend ? emitter.Input(1) : null;
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values, bias = emitter.Parameter("bias").Values;
        if (emitter.Training && !emitter.Node.FreezesStatistics)
        {
            DeviceBuffer<float> statistics = Statistics(emitter);
            emitter.Branch(
                cpu => EmitStatistics(cpu, statistics),
                gpu =>
                {
                    EmitStatistics(gpu, statistics);
                    gpu.KeepStatistics(statistics);
                });
            emitter.Launch("forward",
                l => CpuForward(l, isVariance: false, l.Read(statistics), l.Read(statistics) + StoredChannels(x)),
                l => GpuForward(l, isVariance: false, l.Read(statistics), l.Read(statistics).Slice(StoredChannels(x))));
        }
        else
        {
            (DeviceBuffer<float> mean, DeviceBuffer<float> variance, _) = Running(emitter);
            emitter.Launch("forward",
                l => CpuForward(l, isVariance: true, l.Read(mean), l.Read(variance)),
                l => GpuForward(l, isVariance: true, l.Read(mean), l.Read(variance)));
        }

        ICpuKernel CpuForward(CpuLaunch l, bool isVariance, float* means, float* scales) => CpuBatchNormForward.Of(
            ShapeOf(emitter), Epsilon, isVariance, l.Read(x), l.Read(addend), l.Write(y), means, scales, l.Read(weight), l.Read(bias),
            emitter.Activation);

        void GpuForward(GpuLaunch l, bool isVariance, ReadOnlyView<float> means, ReadOnlyView<float> scales)
        {
            BatchNormGrid grid = GridOf(emitter);
            BatchNormForward.Launch(
                l, grid.Lanes, isVariance, addend is not null, x.IsBFloat16, addend?.IsBFloat16 ?? false, y.IsBFloat16, l.Read(x),
                l.Read(addend ?? x), l.Write(y), means, scales, l.Read(weight), l.Read(bias), grid, Epsilon, emitter.Activation);
        }
    }

    public unsafe void EmitBackward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        DeviceTensor? dx = emitter.InputGradient();
        DeviceTensor? addend = emitter.HasAddend && !emitter.PassesGradient(1) ? emitter.InputGradient(1) : null;
        if (emitter.Node.FreezesStatistics || !emitter.Training)
        {
            EmitFrozenBackward(emitter, dx, addend);
            return;
        }
        DeviceBuffer<float> statistics = Statistics(emitter);
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values;
        // If the reader gathered the sums, it took dy through the activation.
        IPointwise function = (emitter as GpuEmitter)?.FindGradientSums() is null ? emitter.Activation : default(Identity);
        // Of the images whose statistics these are.
        bool isOfRanks = dx is not null && emitter.NormRanks > 1;
        BatchNormGradients gradients = !isOfRanks ? Own(emitter) : new(
            emitter.Workspace<float>("gradient of weight over ranks", StoredChannels(x)),
            emitter.Workspace<float>("gradient of bias over ranks", StoredChannels(x)));
        if (dx is not null || emitter.TrainsParameters)
            emitter.Branch(
                cpu => EmitParameterGradients(cpu, statistics, isOfRanks ? gradients : null),
                gpu => EmitParameterGradients(gpu, statistics, isOfRanks ? gradients : null));
        if (dx is not null)
        {
            emitter.Launch("input gradient",
                l => CpuBatchNormInputGradient.Of(
                    ShapeOf(emitter), isOfRanks, l.Read(emitter.Scalars), l.Read(x), l.Read(y), l.Read(dy), l.Write(dx), l.Write(addend),
                    l.Read(statistics), l.Read(weight), l.Read(gradients.Weight), l.Read(gradients.Bias), emitter.Activation),
                l =>
                {
                    BatchNormGrid grid = GridOf(emitter);
                    BatchNormInputGradient.Launch(
                        l, grid.Lanes, addend is not null, isOfRanks, x.IsBFloat16, y.IsBFloat16, addend?.IsBFloat16 ?? false,
                        l.Read(emitter.Scalars), l.Read(x), l.Read(function is Identity ? dy : y), l.Read(dy), l.Write(dx),
                        l.Write(addend), l.Read(statistics),
                        l.Read(weight), l.Read(gradients.Weight), l.Read(gradients.Bias), grid, x.Stored.Area, function);
                });
        }
        else if (addend is not null)
        {
            emitter.EmitActivationGradient("addend gradient", y, dy, addend, function);
        }
    }

    /// <summary>Emits the gradients through running statistics, which are constants.</summary>
    private unsafe void EmitFrozenBackward(Emitter emitter, DeviceTensor? dx, DeviceTensor? addend)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        (DeviceBuffer<float> mean, DeviceBuffer<float> variance, _) = Running(emitter);
        DeviceBuffer<float> weight = emitter.Parameter("weight").Values;
        if (emitter.TrainsParameters)
        {
            DeviceBuffer<float> statistics = emitter.Workspace<float>("statistics", 2L * StoredChannels(x));
            emitter.Launch("statistics",
                l => new CpuBatchNormFrozenStatistics(ShapeOf(emitter), l.Read(mean), l.Read(variance), l.Write(statistics), Epsilon),
                l => l.Add(new BatchNormFrozenStatistics(
                    l.Read(mean), l.Read(variance), l.Write(statistics), x.Stored.Channels, Epsilon)));
            emitter.Branch(cpu => EmitParameterGradients(cpu, statistics), gpu => EmitParameterGradients(gpu, statistics));
        }
        if (dx is not null)
        {
            emitter.Launch("input gradient",
                l => CpuBatchNormFrozenInputGradient.Of(
                    ShapeOf(emitter), Epsilon, l.Read(emitter.Scalars), l.Read(y), l.Read(dy), l.Write(dx), l.Write(addend),
                    l.Read(variance), l.Read(weight), emitter.Activation),
                l =>
                {
                    BatchNormGrid grid = GridOf(emitter);
                    BatchNormFrozenInputGradient.Launch(
                        l, grid.Lanes, addend is not null, dx.IsBFloat16, y.IsBFloat16, addend?.IsBFloat16 ?? false,
                        l.Read(emitter.Scalars), l.Read(y), l.Read(dy), l.Write(dx), l.Write(addend), l.Read(variance), l.Read(weight),
                        grid, x.Stored.Area, Epsilon, emitter.Activation);
                });
        }
        else if (addend is not null)
        {
            emitter.EmitActivationGradient("addend gradient", y, dy, addend);
        }
    }

    /// <param name="ofRanks">Where to write the sums over the ranks; null if nothing needs them.</param>
    private static unsafe void EmitParameterGradients(
        CpuEmitter emitter, DeviceBuffer<float> statistics, BatchNormGradients? ofRanks = null)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        CpuBatchNormShape shape = ShapeOf(emitter);
        DeviceBuffer<double> sums = emitter.Workspace<double>("gradient sums", shape.SumCount);
        emitter.Launch("gradient sums", l => CpuBatchNormGradientSums.Of(
            shape, l.Read(emitter.Scalars), l.Read(x), l.Read(y), l.Read(dy), l.Read(statistics), l.Write(sums), emitter.Activation));
        BatchNormGradients own = Own(emitter);
        if (ofRanks is { } all)
        {
            BatchNormRanks.EmitParameterGradients(emitter, shape, sums, statistics, shape.Stored, own, all);
            return;
        }
        emitter.Launch("parameter gradients", l => new CpuBatchNormParameterGradients(
            shape, shape.Splits, l.Read(sums), l.Read(statistics) + shape.Stored, l.Write(own.Weight), l.Write(own.Bias)));
    }

    /// <inheritdoc cref="EmitParameterGradients(CpuEmitter, DeviceBuffer{float}, BatchNormGradients?)"/>
    private static void EmitParameterGradients(
        GpuEmitter emitter, DeviceBuffer<float> statistics, BatchNormGradients? ofRanks = null)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        (int channels, int area, BatchNormParts parts) = PartsOf(x);
        GpuGradientSums? sums = emitter.FindGradientSums();
        if (sums is null)
        {
            sums = new(emitter.Workspace<float>("gradient sums", parts.Floats), parts.Count);
            DeviceBuffer<float> written = sums.Parts;
            emitter.Launch("gradient sums", l => BatchNormGradientSums.Launch(
                l, parts.Width, parts.Lanes, y.WholeChannels % 4 == 0, x.IsBFloat16, y.IsBFloat16, l.Read(emitter.Scalars), l.Read(x),
                l.Read(y), l.Read(dy), l.Read(statistics), l.Write(written), area, channels, y.WholeChannels, parts.PartRows,
                emitter.Activation, parts.Groups));
        }
        sums = Merged(emitter, channels, sums);
        BatchNormGradients own = Own(emitter);
        if (ofRanks is { } all)
        {
            BatchNormRanks.EmitParameterGradients(emitter, channels, sums.Parts, sums.Count, statistics, own, all);
            return;
        }
        emitter.Launch("parameter gradients", l => l.Add(new BatchNormParameterGradients(
            l.Read(sums.Parts), l.Read(statistics).Slice(channels), l.Write(own.Weight), l.Write(own.Bias), channels, sums.Count)));
    }

    /// <summary>Adds sums of a gradient until few are left; returns them unchanged if they are few.</summary>
    private static GpuGradientSums Merged(GpuEmitter emitter, int channels, GpuGradientSums sums)
    {
        if (sums.Count <= BatchNormParts.Most) return sums;
        var launches = new ColumnSumsLaunches(sums.Count, 2 * channels);
        DeviceBuffer<float> merged = emitter.Workspace<float>("merged gradient sums", launches.WorkspaceFloats);
        emitter.Launch("merge gradient sums", l => launches.LaunchParts(l, l.Read(sums.Parts), l.Write(merged)));
        return new(merged, launches.Parts);
    }

    /// <summary>
    /// Emits the batch's statistics, from moments that the input's operator gathered or else from a pass over the input. The batch may be
    /// that of all ranks.
    /// </summary>
    private unsafe void EmitStatistics(CpuEmitter emitter, DeviceBuffer<float> statistics)
    {
        DeviceTensor x = emitter.Input();
        CpuBatchNormShape shape = ShapeOf(emitter);
        CpuMoments? moments = emitter.FindInputMoments<CpuMoments>();
        if (moments is null)
        {
            moments = emitter.MomentsOf(x, shape.Splits);
            emitter.Launch("moments", l => new CpuBatchNormMoments(shape, l.Read(emitter.Scalars), l.Read(x), l.Write(moments.Parts)));
        }
        (DeviceBuffer<float> mean, DeviceBuffer<float> variance, DeviceBuffer<float> batches) = Running(emitter);
        bool isOfRanks = emitter.NormRanks > 1;
        int parts = isOfRanks ? emitter.NormRanks : moments.Count;
        DeviceBuffer<double> merged = isOfRanks ? BatchNormRanks.ExchangeMoments(emitter, shape, moments) : moments.Parts;
        emitter.Launch("statistics", l => new CpuBatchNormStatistics(
            shape.Channels, parts, isOfRanks, Epsilon, Momentum, l.Read(emitter.Scalars), l.Read(merged), l.Write(statistics),
            l.Update(mean), l.Update(variance), l.Update(batches)));
    }

    /// <inheritdoc cref="EmitStatistics(CpuEmitter, DeviceBuffer{float})"/>
    private void EmitStatistics(GpuEmitter emitter, DeviceBuffer<float> statistics)
    {
        DeviceTensor x = emitter.Input();
        (int channels, int area, BatchNormParts parts) = PartsOf(x);
        GpuMoments? moments = emitter.FindInputMoments<GpuMoments>();
        if (moments is null)
        {
            moments = emitter.MomentsOf(x, parts.PartRows);
            DeviceBuffer<float> written = moments.Parts;
            emitter.Launch("moments", l => l.Add(new BatchNormMoments(
                parts.Width, parts.Lanes, x.IsBFloat16, l.Read(emitter.Scalars), l.Read(x), l.Write(written), area, channels,
                parts.PartRows), parts.Groups));
        }
        GpuMoments merged = Merged(emitter, x, moments);
        (DeviceBuffer<float> mean, DeviceBuffer<float> variance, DeviceBuffer<float> batches) = Running(emitter);
        if (emitter.NormRanks > 1)
        {
            DeviceBuffer<float> all = BatchNormRanks.ExchangeMoments(emitter, area, channels, merged);
            emitter.Launch("statistics", l => l.Add(new BatchNormRankStatistics(
                l.Read(emitter.Scalars), l.Read(all), l.Write(statistics), l.Update(mean), l.Update(variance), l.Update(batches),
                channels, emitter.NormRanks, Epsilon, Momentum)));
            return;
        }
        emitter.Launch("statistics", l => l.Add(new BatchNormStatistics(
            l.Read(emitter.Scalars), l.Read(merged.Parts), l.Write(statistics), l.Update(mean), l.Update(variance), l.Update(batches),
            area, channels, merged.Rows, merged.Count, Epsilon, Momentum)));
    }

    /// <summary>Merges moments until one thread can read them in sequence; returns them unchanged if they are few.</summary>
    private static GpuMoments Merged(GpuEmitter emitter, DeviceTensor x, GpuMoments moments)
    {
        int channels = x.Stored.Channels, area = x.Stored.Area;
        int run = BatchNormParts.RunOf(moments.Count);
        if (run == 1) return moments;
        GpuMoments runs = emitter.MomentsOf(x, run * moments.Rows);
        emitter.Launch("merge", l => l.Add(new BatchNormMerge(
            l.Read(emitter.Scalars), l.Read(moments.Parts), l.Write(runs.Parts), area, channels, moments.Rows, moments.Count, run)));
        return runs;
    }

    private static CpuBatchNormShape ShapeOf(Emitter emitter)
    {
        DeviceTensor x = emitter.Input();
        return new(x.Images, x.Stored.Channels, x.Stored.Area, emitter.Output.WholeBlocks);
    }

    private static BatchNormGrid GridOf(Emitter emitter)
    {
        DeviceTensor x = emitter.Input();
        return new(x.Stored.Channels, x.Images * x.Stored.Area, emitter.Output.WholeChannels);
    }

    private static (int Channels, int Area, BatchNormParts Parts) PartsOf(DeviceTensor x) =>
        (x.Stored.Channels, x.Stored.Area, new(x.Stored.Channels, x.Images * x.Stored.Area));

    /// <summary>Returns means and inverse deviations of the batch, for as many channels as the device stores.</summary>
    private static DeviceBuffer<float> Statistics(Emitter emitter) =>
        emitter.Saved<float>("statistics", 2L * StoredChannels(emitter.Input()));

    /// <summary>Returns the gradients of this rank's images.</summary>
    private static BatchNormGradients Own(Emitter emitter) =>
        new(emitter.Parameter("weight").Gradient, emitter.Parameter("bias").Gradient);

    private static int StoredChannels(DeviceTensor x) => x.CountPerImage / x.Stored.Area;

    private static (DeviceBuffer<float> Mean, DeviceBuffer<float> Variance, DeviceBuffer<float> Batches) Running(Emitter emitter) =>
        (emitter.Parameter("running_mean").Values, emitter.Parameter("running_var").Values,
            emitter.Parameter("num_batches_tracked").Values);
}
