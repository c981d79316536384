using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>A norm as the operator after it sees it, which may gather the sums of the norm's gradient.</summary>
/// <param name="Input">The norm's input z.</param>
/// <param name="Statistics">[2][channels] Means of z, then 1 / deviation.</param>
/// <param name="Activation">f of the norm's output f(norm(z) + addend).</param>
internal sealed record GpuNorm(DeviceTensor Input, DeviceBuffer<float> Statistics, IPointwise Activation);

/// <summary>
/// Sums that a norm's gradient needs, gathered as the gradient dz of its result before the activation was written in place of its output's
/// gradient.
/// </summary>
/// <param name="Parts">[Count][2][channels] Sums of dz, then of dz (z - mean).</param>
internal sealed record GpuGradientSums(DeviceBuffer<float> Parts, int Count);
