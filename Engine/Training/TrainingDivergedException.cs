namespace GpuCnn.Engine.Training;

/// <summary>The loss or the weights are no longer finite.</summary>
public sealed class TrainingDivergedException(string message) : GpuCnnException(message)
{
    /// <summary>The run's base learning rate; 0 if unknown.</summary>
    public float LearningRate { get; init; }

    /// <summary>Path of the last checkpoint; null if there is none.</summary>
    public string? Checkpoint { get; init; }
}
