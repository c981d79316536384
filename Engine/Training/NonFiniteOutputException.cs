namespace GpuCnn.Engine.Training;

/// <summary>A network with finite weights gives an output that is not finite.</summary>
/// <param name="image">The first image with such an output.</param>
public sealed class NonFiniteOutputException(string message, string image) : GpuCnnException(message)
{
    public string Image { get; } = image;

    /// <summary>Path of the first layer whose output is not finite; null if that is unknown.</summary>
    public string? Layer { get; init; }
}
