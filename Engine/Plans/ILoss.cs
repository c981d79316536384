using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Plans;

/// <summary>A loss, as far as a plan knows it; devices need more of it.</summary>
public interface ILoss
{
    /// <summary>Whether an image may have two labels with a share each.</summary>
    bool TakesMixedLabels { get; }

    /// <summary>A weight for each class; null if all weigh alike.</summary>
    IReadOnlyList<float>? ClassWeights { get; }

    /// <summary>Checks that the loss can be applied to a network's output.</summary>
    /// <exception cref="GpuCnnException">The output does not fit; the message says what the loss expects.</exception>
    void CheckOutput(Shape output);
}
