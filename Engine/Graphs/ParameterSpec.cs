namespace GpuCnn.Engine.Graphs;

public enum ParameterRole
{
    Weight,
    Bias,

    /// <summary>What a layer keeps from step to step and no gradient changes: running statistics. Saved with the weights, not counted.</summary>
    State,
}

/// <summary>A parameter that a layer declares.</summary>
/// <param name="Name">The last part of its path: "weight", "bias".</param>
/// <param name="Role">Biases are counted apart.</param>
/// <param name="Dimensions">OIHW for a convolution, [out, in] for a fully connected layer, [out] for a bias.</param>
/// <param name="FanIn">Inputs of one unit, for the initializer.</param>
/// <param name="FanOut">Units that one input reaches.</param>
public sealed record ParameterSpec(
    string Name, ParameterRole Role, IReadOnlyList<int> Dimensions, int FanIn, int FanOut, Initializer Initializer)
{
    /// <summary>Whether training leaves it as it is: a kernel made by hand.</summary>
    public bool IsFixed { get; init; }

    /// <summary>Values; 1 for a scalar, which has no dimensions.</summary>
    public int Count { get; } = Dimensions.Aggregate(1, (product, dimension) => checked(product * dimension));
}
