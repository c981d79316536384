namespace GpuCnn.Bench.Workloads;

/// <summary>
/// A product of square matrices: a fully connected layer without bias with equal numbers of images, inputs and units.
/// </summary>
public sealed class MatrixWorkload(int size, string group = "matrix") : LinearWorkload(size, size, size, OperatorPass.Forward)
{
    public override string Group => group;

    public override string Name { get; } = $"matrix product {size}x{size}x{size}";
}
