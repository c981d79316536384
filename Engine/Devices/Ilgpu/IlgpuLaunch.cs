using GpuCnn.Engine.Devices.Gpu;
using ILGPU.Runtime;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>A kernel that ILGPU launches, on any stream of its accelerator.</summary>
internal abstract class IlgpuLaunch : PreparedLaunch
{
    /// <summary>Queues the kernel on a stream.</summary>
    public abstract void RunOn(AcceleratorStream stream);
}
