namespace GpuCnn.Engine.Datasets;

/// <summary>Images that training or evaluation asked for cannot be read. The network is as it was before.</summary>
public sealed class UnreadableDataException(string message, Exception inner) : GpuCnnException(message, inner);
