using GpuCnn.Engine.Graphs;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>A parameter where it lies on a device.</summary>
public sealed class GpuParameter
{
    private readonly DeviceParameterStore _store;

    internal GpuParameter(DeviceParameterStore store, Parameter parameter)
    {
        _store = store;
        Parameter = parameter;
        Layout = store.LayoutOf(parameter);
    }

    public Parameter Parameter { get; }

    public ParameterLayout Layout { get; }

    /// <summary>Valid when a launch is made, not before.</summary>
    public View<float> Values => In(_store.ValuesOf(Parameter));

    /// <inheritdoc cref="Values"/>
    public View<float> Gradient => In(_store.Gradients);

    private View<float> In(DeviceMemory run) => run.View<float>(4 * _store.Order.OffsetOf(Parameter), Layout.Count);
}
