using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Emits an operator's steps that only GPU devices have.</summary>
public sealed class GpuEmitter : Emitter
{
    private readonly GpuBackend _backend;
    private readonly PlanNode _node;

    internal GpuEmitter(GpuBackend backend, PlanNode node, InputGradient[] targets) : base(backend, node, targets)
    {
        _backend = backend;
        _node = node;
    }

    /// <summary>Reserves memory for the moments of the output's channels in parts of rows, for readers of the output.</summary>
    public GpuMoments Gather(int rows) => Keep(MomentsOf(Output, rows));

    /// <summary>Reserves memory for the moments of a tensor's channels in parts of rows.</summary>
    public GpuMoments MomentsOf(DeviceTensor tensor, int rows)
    {
        int parts = Size3.Groups(tensor.Images * tensor.Stored.Area, rows);
        return new(Workspace<float>("moments", 3L * parts * tensor.Stored.Channels), rows, parts);
    }

    /// <summary>Keeps a norm's statistics, [2][channels], for the operator that gathers the sums of its gradient.</summary>
    internal void KeepStatistics(DeviceBuffer<float> statistics) => _backend.KeepStatistics(_node.Output, statistics);

    /// <summary>Returns the norm whose output this operator is the first to read, or null.</summary>
    internal GpuNorm? FindNormBefore() => _node.NormBefore is { } norm ? _backend.FindNorm(norm) : null;

    /// <summary>Reserves memory for the sums of that norm's gradient in a number of parts.</summary>
    internal GpuGradientSums GatherGradients(int parts)
    {
        var sums = new GpuGradientSums(Workspace<float>("gradient sums", 2L * parts * Input().Stored.Channels), parts);
        _backend.KeepGradientSums(_node.Inputs[0], sums);
        return sums;
    }

    /// <summary>
    /// Returns the sums that were gathered for the norm's gradient, or null. With them the output's gradient has been taken through the
    /// activation.
    /// </summary>
    internal GpuGradientSums? FindGradientSums() => _backend.FindGradientSums(_node.Output);

    /// <summary>Appends a step.</summary>
    /// <param name="add">Launches the kernels. It runs twice, see <see cref="Devices.Launch"/>.</param>
    public void Launch(string name, Action<GpuLaunch> add) => _backend.Launch(NameOf(name), add);

    /// <summary>Chooses the algorithm of a convolution in the next step.</summary>
    internal ConvolutionChoice Choose(ConvolutionShape shape, ConvolutionPass pass, FactorType factors) =>
        _backend.Choose(shape, pass, factors);

    /// <inheritdoc cref="GpuBackend.Choose(string, int, int, int, FactorType, bool)"/>
    internal ProductChoice Choose(string problem, int rows, int columns, int depth, FactorType factors, bool isLoadable) =>
        _backend.Choose(problem, rows, columns, depth, factors, isLoadable);

    /// <inheritdoc cref="GpuBackend.FactorsOf(bool)"/>
    internal FactorType FactorsOf(DeviceTensor tensor) => _backend.FactorsOf(tensor.IsBFloat16);

    /// <summary>Returns what a product of two tensors multiplies: by matrix units only if both are stored alike.</summary>
    internal FactorType FactorsOf(DeviceTensor left, DeviceTensor right) =>
        left.IsBFloat16 == right.IsBFloat16 ? FactorsOf(left) : FactorType.Float32;

    /// <inheritdoc cref="GpuBackend.FactorsOf(ConvolutionShape, ConvolutionPass, bool)"/>
    internal FactorType FactorsOf(ConvolutionShape shape, ConvolutionPass pass, DeviceTensor x) =>
        _backend.FactorsOf(shape, pass, x.IsBFloat16);

    /// <summary>Returns what the gradient of a convolution's filter multiplies.</summary>
    internal FactorType FilterFactorsOf(ConvolutionShape shape, DeviceTensor x, DeviceTensor dy) =>
        dy.IsBFloat16 && FactorsOf(shape, ConvolutionPass.FilterGradient, x) == FactorType.BFloat16
            ? FactorType.BFloat16
            : FactorsOf(x, dy);

    /// <inheritdoc cref="GpuBackend.ReadWeights"/>
    internal ReadOnlyView<float> ReadWeights(GpuLaunch launch, DeviceParameter weights, FactorType factors) =>
        _backend.ReadWeights(launch, weights, factors);
}
