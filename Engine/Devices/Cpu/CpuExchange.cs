using GpuCnn.Engine.Distributed;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>
/// Gathers a buffer of each rank on all of them. It is one chunk, which the thread that runs the steps computes itself: a communicator's
/// methods are called from one thread.
/// </summary>
/// <param name="own">[bytes]</param>
/// <param name="all">[ranks][bytes]; overwritten.</param>
internal sealed unsafe class CpuExchange(Communicator ranks, byte* own, byte* all, int bytes) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk) =>
        ranks.AllGather(new ReadOnlySpan<byte>(own, bytes), new Span<byte>(all, checked(bytes * ranks.Size)));
}
