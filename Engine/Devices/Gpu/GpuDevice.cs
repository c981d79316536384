using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// A device that runs kernels translated from C#. What it adds to this is its memory, and how a launch is prepared and run; the commands that it
/// is given run in order.
/// </summary>
public abstract class GpuDevice : Device
{
    /// <summary>The largest single allocation in bytes.</summary>
    internal abstract long LargestAllocation { get; }

    /// <summary>Compiles a kernel and binds its arguments. May be called from several threads at once.</summary>
    /// <exception cref="KernelBuildException">The device's compiler refused it.</exception>
    internal abstract PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups) where TKernel : struct, IKernel;

    /// <summary>Whether a library computes matrix products here too, in strict float32: then <see cref="PrepareProduct"/> works.</summary>
    internal virtual bool HasProductLibrary => false;

    /// <summary>
    /// Binds the arguments of a product that the device's library computes, in order with the kernels. May be called from several threads
    /// at once.
    /// </summary>
    internal virtual PreparedLaunch PrepareProduct(in BlasProduct product) =>
        throw new NotSupportedException($"The device {Name} has no library for matrix products; take a tile.");

    /// <summary>Owns the launches from now on.</summary>
    internal virtual LaunchSequence InSequence(IReadOnlyList<PreparedLaunch> launches) => new(launches);

    /// <summary>Waits until everything that was launched has run.</summary>
    internal abstract void Finish();

    public sealed override ParameterStore CreateParameters(Network network, bool training, bool inputGradient = false) =>
        new DeviceParameterStore(network, this, training,
            parameter => IDeviceOperator.Of(parameter.Node.Operator).LayOut(parameter.Spec, Storage.Of(parameter.Node.Inputs[0]).Shape))
        { InputGradient = inputGradient };

    internal sealed override PlanBackend CreateBackend(DeviceParameterStore parameters, PlanOptions options) =>
        new GpuBackend(this, parameters, options);
}
