namespace GpuCnn.Engine.Checkpoints;

/// <summary>A safetensors file does not say which model it holds.</summary>
public sealed class NotAWeightsFileException(string message) : GpuCnnException(message);

/// <summary>A weights file holds another model than was asked for.</summary>
/// <param name="model">Name of the model that the file holds.</param>
public sealed class OtherModelException(string message, string model) : GpuCnnException(message)
{
    public string Model { get; } = model;
}

/// <summary>A weights file lacks the state of a training run: it can start a run, not resume one.</summary>
public sealed class NotACheckpointException(string message, string path) : GpuCnnException(message)
{
    public string Path { get; } = path;
}

/// <summary>A checkpoint holds the state of an optimizer that is not the run's.</summary>
/// <param name="optimizer">Name of the optimizer whose state the file holds.</param>
public sealed class OtherOptimizerException(string message, string path, string optimizer) : GpuCnnException(message)
{
    public string Path { get; } = path;

    public string Optimizer { get; } = optimizer;
}
