namespace GpuCnn.Engine.Training;

/// <summary>The loss or the weights are no longer finite.</summary>
public sealed class TrainingDivergedException(string message) : GpuCnnException(message)
{
    /// <summary>The run's base learning rate; 0 if unknown.</summary>
    public float LearningRate { get; init; }

    /// <summary>Path of the last good weights: a checkpoint, or those of the best epoch; null if there are none.</summary>
    public string? Checkpoint { get; init; }
}

/// <summary>The loss is not finite before any update: the starting weights or the images are the cause, not the learning rate.</summary>
public sealed class UnusableStartException(string message) : GpuCnnException(message);
