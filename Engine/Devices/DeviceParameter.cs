using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices;

/// <summary>A parameter as a device stores it. A <see cref="Launch"/> gives it an address.</summary>
/// <param name="IsAverage">Whether its values are the moving averages.</param>
/// <param name="First">Index of its first float in each run of the store.</param>
public sealed record DeviceParameter(Parameter Parameter, ParameterLayout Layout, long First, bool IsAverage = false)
{
    public DeviceBuffer<float> Values => In((Parameter.IsState, IsAverage) switch
    {
        (true, true) => ParameterMemory.AverageStates,
        (true, false) => ParameterMemory.States,
        (false, true) => ParameterMemory.Averages,
        _ => ParameterMemory.Weights,
    });

    public DeviceBuffer<float> Gradient => In(ParameterMemory.Gradients);

    /// <summary>Returns the stored floats that are padding, not values of the tensor.</summary>
    public int[] UnusedEntries()
    {
        var used = new bool[Layout.Count];
        for (int i = 0; i < Parameter.Spec.Count; i++) used[Layout.IndexOf(i)] = true;
        return [.. Enumerable.Range(0, used.Length).Where(i => !used[i])];
    }

    private DeviceBuffer<float> In(string run) => new(new ParameterMemory(run, First, Layout.Count), Layout.Count);
}
