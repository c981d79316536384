using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Scratch of as many chunks of a kernel as run at the same time.</summary>
internal sealed unsafe record CpuScratch(PlanBuffer Buffer, long Floats, int Count)
{
    /// <summary>Valid when a kernel is made, not before.</summary>
    public ScratchSlots Slots => new((float*)Buffer.Address, Floats, Count);

    /// <param name="chunks">All of the kernel.</param>
    /// <param name="floats">Of one chunk.</param>
    public static CpuScratch For(CpuEmitter emitter, string name, int chunks, long floats)
    {
        int count = Math.Min(emitter.Threads, chunks);
        return new(emitter.Workspace(name, 4 * count * floats), floats, count);
    }
}
