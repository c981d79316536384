using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Sums gradients where they lie.</summary>
internal sealed unsafe class CpuGradientSums(DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets, Communicator ranks)
    : GradientSums(buckets, ranks)
{
    public override void Begin(int bucket) => Sums[bucket].Begin((float*)gradients.Handle + Buckets[bucket].First);

    public override void Finish()
    {
        for (int i = 0; i < Sums.Count; i++) Sums[i].Wait();
    }
}
