using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>What an optimizer emits its kernels through: weights, gradients and slots by range, scratch, and the list of launches.</summary>
public sealed unsafe class CpuUpdateEmitter
{
    private readonly CpuBackend _backend;
    private readonly DeviceParameterStore _parameters;

    internal CpuUpdateEmitter(CpuBackend backend, DeviceParameterStore parameters) => (_backend, _parameters) = (backend, parameters);

    public Network Network => _parameters.Network;

    /// <summary>Ranges of the trained parameters.</summary>
    public ParameterOrder Order => _parameters.Order;

    /// <summary>Floats of the device's vectors.</summary>
    public int VectorWidth => _backend.VectorWidth;

    /// <summary>Valid in a kernel, not before; so are all pointers.</summary>
    public StepScalars* Scalars => _backend.Scalars;

    public float* Weights(ParameterRange range) => (float*)_parameters.Weights.Handle + range.First;

    public float* Gradients(ParameterRange range) => (float*)_parameters.Gradients.Handle + range.First;

    /// <param name="name">One of <see cref="Optimizers.Optimizer.Slots"/>.</param>
    public float* Slot(string name, ParameterRange range) => (float*)_parameters.Slot(name).Handle + range.First;

    /// <summary>Scratch that lives only as long as the launches that use it.</summary>
    public PlanBuffer Workspace(string name, long bytes) => _backend.Workspace(name, bytes);

    /// <summary>Appends a launch. The kernel is made once all buffers have their addresses.</summary>
    /// <param name="uses">Every workspace that the kernel reads or writes.</param>
    public void Launch(string name, Func<ICpuKernel> make, params ReadOnlySpan<PlanBuffer> uses) =>
        _backend.Launch(name, make, uses.ToArray());

    internal CpuParameter Parameter(Parameter parameter) => _backend.Parameter(parameter);

    /// <summary>One image of what a parameter's operator reads, as it is stored.</summary>
    internal CpuTensor InputOf(Parameter parameter) => _backend.Layouts.InputOf(parameter);
}
