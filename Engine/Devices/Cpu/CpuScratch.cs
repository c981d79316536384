namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Scratch for the chunks of a kernel that run at the same time.</summary>
/// <param name="Floats">Floats per chunk.</param>
/// <param name="Count">Chunks.</param>
internal sealed record CpuScratch(DeviceBuffer<float> Elements, long Floats, int Count)
{
    /// <param name="chunks">All chunks of the kernel.</param>
    /// <param name="floats">Floats per chunk.</param>
    public static CpuScratch For(CpuEmitter emitter, string name, int chunks, long floats)
    {
        int count = Math.Min(emitter.Threads, chunks);
        return new(emitter.Workspace<float>(name, count * floats), floats, count);
    }
}
