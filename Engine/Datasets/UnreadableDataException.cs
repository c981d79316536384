namespace GpuCnn.Engine.Datasets;

/// <summary>Images needed for training or evaluation cannot be read. The network is unchanged.</summary>
public sealed class UnreadableDataException(string message, Exception inner) : GpuCnnException(message, inner)
{
    /// <summary>Folder of the run with the saved steps; null if none were saved.</summary>
    public string? RunFolder { get; init; }
}
