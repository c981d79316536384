namespace GpuCnn.Engine.Datasets;

/// <summary>Images that training or evaluation asked for cannot be read. The network is as it was before.</summary>
public sealed class UnreadableDataException(string message, Exception inner) : GpuCnnException(message, inner)
{
    /// <summary>Folder of the run that its steps were saved to; null where none were.</summary>
    public string? RunFolder { get; init; }
}
