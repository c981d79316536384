namespace GpuCnn.Engine.Devices;

/// <summary>Moments of a batch's channels, gathered in parts as the values were written.</summary>
/// <param name="Count">Number of parts.</param>
public abstract record Moments(int Count);
