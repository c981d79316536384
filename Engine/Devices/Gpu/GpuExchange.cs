using GpuCnn.Engine.Distributed;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Gathers a buffer of each rank on all of them, through the host: waits for the launches before it, reads, gathers and writes. Its host
/// memory is allocated once.
/// </summary>
/// <param name="step">Index of the step, which has no launches.</param>
/// <param name="own">[bytes]</param>
/// <param name="all">[ranks][bytes]; overwritten.</param>
internal sealed class GpuExchange(
    int step, Communicator ranks, (DeviceMemory Memory, long Offset) own, (DeviceMemory Memory, long Offset) all, int bytes)
{
    private readonly byte[] _own = GC.AllocateArray<byte>(bytes, pinned: true);
    private readonly byte[] _all = GC.AllocateArray<byte>(checked(bytes * ranks.Size), pinned: true);

    public int Step => step;

    public void Run()
    {
        own.Memory.Read<byte>(_own, own.Offset);
        ranks.AllGather<byte>(_own, _all);
        all.Memory.Write<byte>(_all, all.Offset);
    }
}
