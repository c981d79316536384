using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices;

/// <summary>Emits an optimizer's launches, and gives it weights, gradients and slots by range, and scratch.</summary>
public sealed class UpdateEmitter
{
    private readonly DeviceBackend _backend;
    private readonly IOptimizer _optimizer;

    internal UpdateEmitter(DeviceBackend backend, IOptimizer optimizer)
    {
        _backend = backend;
        _optimizer = optimizer;
        Order = backend.UpdateOrder;
    }

    public Network Network => _backend.Network;

    /// <summary>Returns [1] the scalars of the current step, with the learning rate of a range.</summary>
    public DeviceBuffer<StepScalars> Scalars(ParameterRange range) => _backend.UpdateScalars(range.IsHead);

    /// <summary>Ranges of the trained parameters.</summary>
    public ParameterOrder Order { get; }

    /// <summary>Whether the plan trains a parameter.</summary>
    public bool Trains(Parameter parameter) => _backend.Trains(parameter);

    public DeviceBuffer<float> Weights(ParameterRange range) => In(ParameterMemory.Weights, range);

    public DeviceBuffer<float> Gradients(ParameterRange range) => In(ParameterMemory.Gradients, range);

    /// <param name="name">One of the optimizer's <see cref="IOptimizer.Slots"/>.</param>
    public DeviceBuffer<float> Slot(string name, ParameterRange range) => _optimizer.Slots.Contains(name)
        ? In(name, range)
        : throw new ArgumentException($"{_optimizer.GetType().Name} has no slot '{name}'.", nameof(name));

    public DeviceParameter Parameter(Parameter parameter) => _backend.Parameter(parameter);

    /// <summary>Returns scratch that lasts only for the launches that use it.</summary>
    /// <param name="count">Elements.</param>
    public DeviceBuffer<T> Workspace<T>(string name, long count) where T : unmanaged => _backend.NewBuffer<T>(name, count);

    /// <inheritdoc cref="Emitter.Launch"/>
    public void Launch(string name, Func<CpuLaunch, ICpuKernel> cpu, Action<GpuLaunch> gpu) => _backend.Launch(name, cpu, gpu);

    /// <summary>Returns how a value is stored.</summary>
    internal TensorLayout LayOut(Value value) => _backend.LayOut(value);

    private static DeviceBuffer<float> In(string run, ParameterRange range) =>
        new(new ParameterMemory(run, range.First, range.Count), range.Count);
}
