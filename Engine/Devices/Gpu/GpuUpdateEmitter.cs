using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>What an optimizer emits its launches through: weights, gradients and slots by range, scratch, and the list of launches.</summary>
public sealed class GpuUpdateEmitter
{
    private readonly GpuBackend _backend;
    private readonly DeviceParameterStore _parameters;

    internal GpuUpdateEmitter(GpuBackend backend, DeviceParameterStore parameters) => (_backend, _parameters) = (backend, parameters);

    public Network Network => _parameters.Network;

    /// <summary>Ranges of the trained parameters.</summary>
    public ParameterOrder Order => _parameters.Order;

    /// <summary>[1]; valid when a launch is made, not before. So are all views.</summary>
    public ReadOnlyView<StepScalars> Scalars => _backend.Scalars;

    public View<float> Weights(ParameterRange range) => View(_parameters.Weights, range);

    public View<float> Gradients(ParameterRange range) => View(_parameters.Gradients, range);

    /// <param name="name">One of <see cref="Optimizers.Optimizer.Slots"/>.</param>
    public View<float> Slot(string name, ParameterRange range) => View(_parameters.Slot(name), range);

    /// <summary>Scratch that lives only as long as the launches that use it.</summary>
    public GpuBuffer<T> Workspace<T>(string name, long count) where T : unmanaged => _backend.NewBuffer<T>(name, count);

    /// <summary>Appends a step: what <paramref name="add"/> launches, once all buffers have their places.</summary>
    /// <param name="uses">Every workspace that the step reads or writes.</param>
    public void Launch(string name, Action<IKernelLaunches> add, params ReadOnlySpan<PlanBuffer> uses) =>
        _backend.Launch(name, add, uses.ToArray());

    internal GpuParameter Parameter(Parameter parameter) => _backend.Parameter(parameter);

    private static View<float> View(DeviceMemory run, ParameterRange range) => run.View<float>(4 * range.First, checked((int)range.Count));
}
