namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Moments of a batch's channels in parts of its rows: [Count][3][channels] first values, means relative to them, and sums of squared
/// deviations from the means.
/// </summary>
/// <param name="Rows">Rows per part.</param>
/// <param name="Count">Parts.</param>
public sealed record GpuMoments(DeviceBuffer<float> Parts, int Rows, int Count) : Moments(Count);
