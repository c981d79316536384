namespace GpuCnn.Engine.Training;

/// <summary>The loss or the weights are no longer numbers.</summary>
public sealed class TrainingDivergedException(string message) : GpuCnnException(message);
