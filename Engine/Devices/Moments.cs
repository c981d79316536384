namespace GpuCnn.Engine.Devices;

/// <summary>Moments of each channel of a batch, gathered in parts as the values were written.</summary>
/// <param name="Count">Parts.</param>
public abstract record Moments(int Count);
