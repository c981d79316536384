namespace GpuCnn.Bench.Workloads;

/// <summary>A product of square matrices: what a fully connected layer without bias computes for as many images as it has inputs and units.</summary>
public sealed class MatrixWorkload(int size) : LinearWorkload(size, size, size, OperatorPass.Forward)
{
    public override string Group => "matrix";

    public override string Name { get; } = $"matrix product {size}x{size}x{size}";
}
