using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>A parameter where it lies.</summary>
public sealed unsafe class CpuParameter
{
    private readonly DeviceParameterStore _store;

    internal CpuParameter(DeviceParameterStore store, Parameter parameter)
    {
        _store = store;
        Parameter = parameter;
        Layout = store.LayoutOf(parameter);
    }

    public Parameter Parameter { get; }

    public ParameterLayout Layout { get; }

    /// <summary>Valid in a kernel, not before.</summary>
    public float* Values => In(_store.ValuesOf(Parameter));

    /// <inheritdoc cref="Values"/>
    public float* Gradient => In(_store.Gradients);

    /// <summary>Stored floats that stand for no value of the tensor.</summary>
    public int[] UnusedEntries()
    {
        var used = new bool[Layout.Count];
        for (int i = 0; i < Parameter.Spec.Count; i++) used[Layout.IndexOf(i)] = true;
        return [.. Enumerable.Range(0, used.Length).Where(i => !used[i])];
    }

    private float* In(DeviceMemory run) => (float*)run.Handle + _store.Order.OffsetOf(Parameter);
}
