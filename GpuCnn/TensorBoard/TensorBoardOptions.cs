namespace GpuCnn;

/// <summary>What a run writes for TensorBoard besides its curves.</summary>
public sealed record TensorBoardOptions
{
    /// <summary>
    /// Epochs between histograms of weights and gradients, and pictures of the first layer's filters and of mistakes; 0 leaves them out.
    /// </summary>
    public int Histograms { get; init; } = 1;
}
