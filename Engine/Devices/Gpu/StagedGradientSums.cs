using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>Sums gradients by way of host memory. On devices with a <see cref="GradientLane"/>, copies run beside the launches.</summary>
internal sealed unsafe class StagedGradientSums : GradientSums
{
    private readonly GradientLane _lane;
    private readonly Func<bool>[] _isHere;

    public StagedGradientSums(GpuDevice device, DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets, Communicator ranks)
        : base(buckets, ranks)
    {
        _lane = device.CreateGradientLane(gradients, buckets);
        _isHere = [.. buckets.Select((_, i) => (Func<bool>)(() => _lane.IsHere(i)))];
    }

    public override void Begin(int bucket)
    {
        _lane.BeginRead(bucket);
        Sums[bucket].Begin(_lane.Host(bucket), _isHere[bucket]);
    }

    public override void Finish()
    {
        for (int i = 0; i < Sums.Count; i++)
        {
            Sums[i].Wait();
            _lane.Write(i);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _lane.Dispose();
    }
}
