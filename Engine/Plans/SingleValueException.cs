namespace GpuCnn.Engine.Plans;

/// <summary>
/// Training meets a batch norm with one value per channel: one image, and maps of 1x1. Such a value has no variance, its norm is the bias
/// whatever the image is, and the running variance would go to 0. PyTorch refuses it as well.
/// </summary>
public sealed class SingleValueException : GpuCnnException
{
    internal SingleValueException(PlanNode node)
        : base($"{node.Name} ({node.Node.Operator.Type}) expects more than 1 value per channel when training, but got 1 image of "
            + $"{node.Inputs[0].Shape}: a single value has no variance.") => Layer = node.Name;

    /// <summary>Path of the norm.</summary>
    public string Layer { get; }

    /// <summary>Returns the first operator that reads the moments of maps of one pixel, or null.</summary>
    internal static PlanNode? FindNorm(IEnumerable<PlanNode> nodes) =>
        nodes.FirstOrDefault(node => node.Node is { Operator.ReadsMoments: true, FreezesStatistics: false }
            && node.Inputs[0].Shape is { IsVector: false, Area: 1 });
}
