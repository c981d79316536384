
namespace GpuCnn.Engine.Plans;

/// <summary>What a plan is to do.</summary>
public sealed record PlanOptions
{
    /// <summary>Images of a batch.</summary>
    public required int Images { get; init; }

    /// <summary>What is computed of the output and the labels; without one the plan infers, and images need no labels.</summary>
    public ILoss? Loss { get; init; }

    /// <summary>Whether layers behave as in training, and gradients are computed.</summary>
    public bool Training { get; init; }

    /// <summary>Whether images have two labels that share them (<see cref="Datasets.Batch.Others"/>): what mixup and cutmix
    /// make.</summary>
    public bool MixedLabels { get; init; }

    /// <summary>Applied after the backward pass of a training step; without one only gradients are computed.</summary>
    public IOptimizer? Optimizer { get; init; }

    /// <summary>Whether the gradient of the network's input is wanted too. For checks: it is not needed to train.</summary>
    public bool InputGradient { get; init; }

    /// <summary>Algorithms by problem, for what a device has several for; by default, and for what is not among them, the device's fixed rule.</summary>
    public IReadOnlyDictionary<string, string>? Algorithms { get; init; }

    /// <summary>Gives every buffer memory of its own, so that any steps can be run again on what the last batch left. To measure them.</summary>
    internal bool KeepsBuffers { get; init; }
}
