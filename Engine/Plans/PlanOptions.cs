namespace GpuCnn.Engine.Plans;

/// <summary>Options of a plan.</summary>
public sealed record PlanOptions
{
    /// <summary>Images of a batch.</summary>
    public required int Images { get; init; }

    /// <summary>Loss of the output and the labels. Without a loss the plan infers, and images need no labels.</summary>
    public ILoss? Loss { get; init; }

    /// <summary>Whether layers behave as in training and gradients are computed.</summary>
    public bool Training { get; init; }

    /// <summary>
    /// Whether images have two labels with a share each (<see cref="Datasets.Batch.Others"/>), as mixup and cutmix give them.
    /// </summary>
    public bool MixedLabels { get; init; }

    /// <summary>Applied after the backward pass of a training step. Without an optimizer, only gradients are computed.</summary>
    public IOptimizer? Optimizer { get; init; }

    /// <summary>Whether to compute the gradient of the network's input too. For checks; training does not need it.</summary>
    public bool InputGradient { get; init; }

    /// <summary>Algorithms by problem, for problems with several; others use the device's fixed rule.</summary>
    public IReadOnlyDictionary<string, string>? Algorithms { get; init; }

    /// <summary>
    /// Whether every buffer gets its own memory, so that any steps can run again on the last batch's results, to measure them.
    /// </summary>
    internal bool KeepsBuffers { get; init; }
}
