namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Moments of the channels of a batch in parts of its rows: [Count][3][channels] first values, means less those, and sums of squared
/// distances from the means.
/// </summary>
/// <param name="Rows">Rows of a part.</param>
/// <param name="Count">Parts.</param>
public sealed record GpuMoments(DeviceBuffer<float> Parts, int Rows, int Count) : Moments(Count);
