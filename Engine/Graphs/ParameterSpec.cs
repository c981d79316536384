using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Graphs;

public enum ParameterRole
{
    Weight,
    Bias,

    /// <summary>
    /// Values such as running statistics that a layer keeps between steps, without gradients. Saved with the weights, not counted.
    /// </summary>
    State,
}

/// <summary>A parameter that a layer declares.</summary>
/// <param name="Name">Last part of its path: "weight", "bias".</param>
/// <param name="Role">Biases are counted separately.</param>
/// <param name="Dimensions">OIHW for a convolution, [out, in] for a fully connected layer, [out] for a bias.</param>
/// <param name="FanIn">Inputs of one unit, for the initializer.</param>
/// <param name="FanOut">Units that use one input.</param>
public sealed record ParameterSpec(
    string Name, ParameterRole Role, IReadOnlyList<int> Dimensions, int FanIn, int FanOut, Initializer Initializer)
{
    /// <summary>Whether training leaves it unchanged, such as a handmade kernel.</summary>
    public bool IsFixed { get; init; }

    /// <summary>Number of values; 1 for a scalar, which has no dimensions.</summary>
    public int Count { get; } = Product(Name, Dimensions);

    private static int Product(string name, IReadOnlyList<int> dimensions)
    {
        long count = 1;
        foreach (int dimension in dimensions)
        {
            count *= dimension;
            if (count > int.MaxValue)
                throw new SizeException($"A {name} of [{string.Join(", ", dimensions)}] has more than {SizeException.Limit} values; "
                    + "expected fewer.");
        }
        return (int)count;
    }
}
