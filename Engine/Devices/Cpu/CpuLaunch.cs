using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Gives a launch's kernel its pointers; null means no memory.</summary>
public sealed unsafe class CpuLaunch : Launch
{
    private readonly CpuBackend _backend;

    internal CpuLaunch(CpuBackend backend, PlanStep? recorded) : base(recorded) => _backend = backend;

    /// <summary>Kernel that the function returned.</summary>
    internal ICpuKernel? Kernel { get; set; }

    /// <summary>Floats per vector of the device.</summary>
    public int VectorWidth => _backend.VectorWidth;

    /// <summary>Returns the values of a tensor, to read.</summary>
    public float* Read(DeviceTensor? tensor) => Address(tensor, Access.Read);

    /// <summary>Returns the values of a tensor, to overwrite.</summary>
    public float* Write(DeviceTensor? tensor) => Address(tensor, Access.Write);

    /// <summary>Returns the values of a tensor, to change.</summary>
    public float* Update(DeviceTensor? tensor) => Address(tensor, Access.Update);

    /// <summary>Returns elements to read.</summary>
    public T* Read<T>(DeviceBuffer<T>? buffer) where T : unmanaged => Address(buffer, Access.Read);

    /// <summary>Returns elements to overwrite.</summary>
    public T* Write<T>(DeviceBuffer<T>? buffer) where T : unmanaged => Address(buffer, Access.Write);

    /// <summary>Returns elements to change.</summary>
    public T* Update<T>(DeviceBuffer<T>? buffer) where T : unmanaged => Address(buffer, Access.Update);

    /// <summary>Returns scratch for the chunks that run at the same time.</summary>
    internal ScratchSlots Slots(CpuScratch scratch) => new(Write(scratch.Elements), scratch.Floats, scratch.Count);

    private float* Address(DeviceTensor? tensor, Access access) =>
        tensor is null ? null : Address(tensor.Elements, access, tensor.IsSlice ? tensor.Count : null) + tensor.First;

    /// <param name="count">Elements that are used; null uses all.</param>
    private T* Address<T>(DeviceBuffer<T>? buffer, Access access, long? count = null) where T : unmanaged
    {
        if (buffer is null) return null;
        Use(buffer.Memory, access, sizeof(T) * (count ?? buffer.Count));
        if (IsRecording) return (T*)Nowhere;
        (DeviceMemory memory, long offset) = _backend.PlaceOf(buffer.Memory);
        return (T*)(memory.Handle + (nint)offset);
    }
}
