using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// A device that runs kernels translated from C#. A derived class adds its memory, and how a launch is prepared and run. Commands run in
/// order.
/// </summary>
public abstract class GpuDevice : Device
{
    /// <summary>Largest single allocation in bytes.</summary>
    internal abstract long LargestAllocation { get; }

    /// <summary>Compiles a kernel and binds its arguments. Thread-safe.</summary>
    /// <exception cref="KernelBuildException">The device's compiler refused the kernel.</exception>
    internal abstract PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups) where TKernel : struct, IKernel;

    /// <summary>Whether a library also computes matrix products here, in strict float32, with <see cref="PrepareProduct"/>.</summary>
    internal virtual bool HasProductLibrary => false;

    /// <summary>
    /// Binds the arguments of a product for the device's library, which runs in order with the kernels. Thread-safe.
    /// </summary>
    internal virtual PreparedLaunch PrepareProduct(in BlasProduct product) =>
        throw new NotSupportedException($"The device {Name} has no library for matrix products; choose a tile.");

    /// <summary>Prepares a copy within the device, in order with the launches. The parts do not overlap. Offsets are in bytes.</summary>
    internal virtual PreparedLaunch PrepareCopy(DeviceMemory source, long from, DeviceMemory target, long to, long bytes) =>
        throw new NotSupportedException($"The device {Name} copies between launches only.");

    /// <summary>Creates a sequence, which owns the launches and the copies.</summary>
    internal virtual LaunchSequence InSequence(IReadOnlyList<PreparedLaunch> launches, StepCopies copies) => new(launches, copies);

    /// <summary>Whether results can be read while later launches run, with <see cref="CreateResults"/>.</summary>
    internal virtual bool HasResultSlots => false;

    /// <summary>Creates host memory for results, owned by the caller.</summary>
    /// <param name="slots">Number of slots.</param>
    /// <param name="bytes">Bytes of each.</param>
    internal virtual ResultSlots CreateResults(int slots, int bytes) =>
        throw new NotSupportedException($"The device {Name} reads results between launches only.");

    internal override bool RunsBesideHost => true;

    /// <summary>Creates a clock that the device reads between launches, owned by the caller; null if it has none.</summary>
    internal virtual StepClock? CreateClock() => null;

    /// <summary>Whether images can be copied here beside launches, with <see cref="CreateUploadLane"/>.</summary>
    internal virtual bool HasUploadLane => false;

    /// <summary>Creates a queue for copies beside launches, owned by the caller.</summary>
    internal virtual UploadLane CreateUploadLane() => throw new NotSupportedException($"The device {Name} copies between launches only.");

    /// <summary>Creates what brings gradients to the host and back, owned by the caller.</summary>
    internal virtual GradientLane CreateGradientLane(DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets) =>
        new WaitingGradientLane(gradients, buckets);

    /// <summary>Waits until all launches have run.</summary>
    internal abstract void Finish();

    public sealed override ParameterStore CreateParameters(Network network, bool training, bool inputGradient = false) =>
        new DeviceParameterStore(network, this, training,
            parameter => IDeviceOperator.Of(parameter.Node.Operator).LayOut(parameter.Spec, Storage.Of(parameter.Node.Inputs[0]).Shape))
        { InputGradient = inputGradient };

    internal sealed override PlanBackend CreateBackend(DeviceParameterStore parameters, PlanOptions options) =>
        new GpuBackend(this, parameters, options);
}
