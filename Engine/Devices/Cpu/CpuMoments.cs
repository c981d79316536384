using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>Moments of a batch's channels: [channel blocks][Count][<see cref="BlockMoments.Size"/>] doubles.</summary>
/// <param name="Count">Parts of the batch; a part has the same pixels in every block.</param>
public sealed record CpuMoments(DeviceBuffer<double> Parts, int Count) : Moments(Count);
