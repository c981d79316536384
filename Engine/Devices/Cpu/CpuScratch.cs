namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Scratch of as many chunks of a kernel as run at the same time.</summary>
/// <param name="Floats">Floats of a chunk.</param>
/// <param name="Count">Chunks.</param>
internal sealed record CpuScratch(DeviceBuffer<float> Elements, long Floats, int Count)
{
    /// <param name="chunks">All of the kernel.</param>
    /// <param name="floats">Of one chunk.</param>
    public static CpuScratch For(CpuEmitter emitter, string name, int chunks, long floats)
    {
        int count = Math.Min(emitter.Threads, chunks);
        return new(emitter.Workspace<float>(name, count * floats), floats, count);
    }
}
