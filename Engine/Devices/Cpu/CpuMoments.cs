using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Moments of the channels of a batch: [channel blocks][Parts][<see cref="BlockMoments.Size"/>] doubles.</summary>
/// <param name="Parts">Parts of the batch; that of the same pixels has the same number in each block.</param>
public sealed record CpuMoments(PlanBuffer Buffer, int Parts)
{
    public unsafe double* Pointer => (double*)Buffer.Address;
}
