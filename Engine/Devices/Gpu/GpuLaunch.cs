using GpuCnn.Engine.Plans;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Gives a launch's kernels their views, and takes the kernels in the order they run. An empty view means no memory.
/// </summary>
public sealed class GpuLaunch : Launch, IProductLaunches
{
    private readonly GpuBackend _backend;
    private readonly List<PreparedLaunch> _prepared = [];

    internal GpuLaunch(GpuBackend backend, PlanStep? recorded) : base(recorded) => _backend = backend;

    /// <summary>Launches ready to run; none while the step is recorded.</summary>
    internal IReadOnlyList<PreparedLaunch> Prepared => _prepared;

    /// <summary>Returns the values of a tensor, to read; for a slice, from the first channel of the first pixel on.</summary>
    public ReadOnlyView<float> Read(DeviceTensor? tensor) => View(tensor, Access.Read);

    /// <summary>Returns the values of a tensor, to overwrite.</summary>
    public View<float> Write(DeviceTensor? tensor) => View(tensor, Access.Write);

    /// <summary>Returns the values of a tensor, to change.</summary>
    public View<float> Update(DeviceTensor? tensor) => View(tensor, Access.Update);

    /// <summary>Returns elements to read.</summary>
    public ReadOnlyView<T> Read<T>(DeviceBuffer<T>? buffer) where T : unmanaged => View(buffer, Access.Read);

    /// <summary>Returns elements to overwrite.</summary>
    public View<T> Write<T>(DeviceBuffer<T>? buffer) where T : unmanaged => View(buffer, Access.Write);

    /// <summary>Returns elements to change.</summary>
    public View<T> Update<T>(DeviceBuffer<T>? buffer) where T : unmanaged => View(buffer, Access.Update);

    /// <summary>Appends a kernel.</summary>
    public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel
    {
        if (!IsRecording) _prepared.Add(_backend.Device.Prepare(kernel, groups));
    }

    /// <summary>Appends the launches of a function.</summary>
    public void Add(Action<IKernelLaunches> launches) => launches(this);

    void IProductLaunches.Add(in BlasProduct product)
    {
        if (!IsRecording) _prepared.Add(_backend.Device.PrepareProduct(product));
    }

    private View<float> View(DeviceTensor? tensor, Access access) => tensor is null ? default : View(
        tensor.Elements, access, tensor.IsSlice ? StoredValues.Floats(tensor.Count, tensor.IsBFloat16) : null)
            .Slice(tensor.First * tensor.ValueBytes / sizeof(float));

    /// <param name="used">Elements that are used; null uses all.</param>
    private unsafe View<T> View<T>(DeviceBuffer<T>? buffer, Access access, long? used = null) where T : unmanaged
    {
        if (buffer is null) return default;
        Use(buffer.Memory, access, sizeof(T) * (used ?? buffer.Count));
        int count = (int)buffer.Count;
        if (IsRecording) return new(Nowhere, 0, count);
        (DeviceMemory memory, long offset) = _backend.PlaceOf(buffer.Memory);
        return memory.View<T>(offset, count);
    }
}
