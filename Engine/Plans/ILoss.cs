using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Plans;

/// <summary>A loss as far as a plan knows it; devices ask it for more.</summary>
public interface ILoss
{
    /// <summary>Whether an image may have two labels that share it.</summary>
    bool TakesMixedLabels { get; }

    /// <summary>Checks that the loss can be applied to a network's output.</summary>
    /// <exception cref="GpuCnnException">It cannot; the message says what the loss expects.</exception>
    void CheckOutput(Shape output);
}
