using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Moments of the channels of a batch: [channel blocks][Count][<see cref="BlockMoments.Size"/>] doubles.</summary>
/// <param name="Count">Parts of the batch; that of the same pixels has the same number in each block.</param>
public sealed record CpuMoments(DeviceBuffer<double> Parts, int Count) : Moments(Count);
