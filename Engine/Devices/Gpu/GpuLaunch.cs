using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Gives the kernels of a launch their views, and takes them in the order in which they run. An empty view stands for no memory.
/// </summary>
public sealed class GpuLaunch : Launch, IProductLaunches
{
    private readonly GpuBackend _backend;
    private readonly List<PreparedLaunch> _prepared = [];

    internal GpuLaunch(GpuBackend backend, PlanStep? recorded) : base(recorded) => _backend = backend;

    /// <summary>What was added, ready to run; nothing while the step is recorded.</summary>
    internal IReadOnlyList<PreparedLaunch> Prepared => _prepared;

    /// <summary>The values of a tensor, to read; of a slice, from the first channel of the first pixel on.</summary>
    public ReadOnlyView<float> Read(DeviceTensor? tensor) => View(tensor, Access.Read);

    /// <summary>The values of a tensor, to overwrite.</summary>
    public View<float> Write(DeviceTensor? tensor) => View(tensor, Access.Write);

    /// <summary>The values of a tensor, to change.</summary>
    public View<float> Update(DeviceTensor? tensor) => View(tensor, Access.Update);

    /// <summary>Elements to read.</summary>
    public ReadOnlyView<T> Read<T>(DeviceBuffer<T>? buffer) where T : unmanaged => View(buffer, Access.Read);

    /// <summary>Elements to overwrite.</summary>
    public View<T> Write<T>(DeviceBuffer<T>? buffer) where T : unmanaged => View(buffer, Access.Write);

    /// <summary>Elements to change.</summary>
    public View<T> Update<T>(DeviceBuffer<T>? buffer) where T : unmanaged => View(buffer, Access.Update);

    /// <summary>Appends a kernel.</summary>
    public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel
    {
        if (!IsRecording) _prepared.Add(_backend.Device.Prepare(kernel, groups));
    }

    /// <summary>Appends what a function launches.</summary>
    public void Add(Action<IKernelLaunches> launches) => launches(this);

    void IProductLaunches.Add(in BlasProduct product)
    {
        if (!IsRecording) _prepared.Add(_backend.Device.PrepareProduct(product));
    }

    private View<float> View(DeviceTensor? tensor, Access access) =>
        tensor is null ? default : View(tensor.Elements, access).Slice(tensor.First);

    private View<T> View<T>(DeviceBuffer<T>? buffer, Access access) where T : unmanaged
    {
        if (buffer is null) return default;
        Use(buffer.Memory, access);
        int count = (int)buffer.Count;
        if (IsRecording) return new(Nowhere, 0, count);
        (DeviceMemory memory, long offset) = _backend.PlaceOf(buffer.Memory);
        return memory.View<T>(offset, count);
    }
}
