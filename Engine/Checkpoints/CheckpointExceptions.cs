using GpuCnn.Engine.Tensors;

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

/// <summary>The weights of a network hold NaN or an infinity: nothing can be computed with them.</summary>
/// <param name="tensor">The first such tensor in order of execution.</param>
public sealed class NonFiniteWeightsException(string message, NonFiniteTensor tensor) : GpuCnnException(message)
{
    public NonFiniteTensor Tensor { get; } = tensor;

    /// <summary>Path of the file with these weights; null if they come from none.</summary>
    public string? File { get; init; }
}

/// <summary>A file holds several state dicts, and none is the usual one.</summary>
/// <param name="keys">Keys of the first ones.</param>
public sealed class SeveralStateDictsException(string message, IReadOnlyList<string> keys) : GpuCnnException(message)
{
    public IReadOnlyList<string> Keys { get; } = keys;
}
