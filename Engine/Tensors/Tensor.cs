namespace GpuCnn.Engine.Tensors;

/// <summary>
/// Float32 values on the host with their dimensions, row-major: images NCHW, filters OIHW, fully connected weights [out, in], biases [out].
/// Values inside a plan have the device's own layout; a plan returns tensors.
/// </summary>
public sealed class Tensor
{
    public Tensor(IReadOnlyList<int> dimensions, float[] values)
    {
        long count = 1;
        foreach (int dimension in dimensions) count = checked(count * dimension);
        if (count != values.Length)
            throw new ArgumentException($"A tensor of [{string.Join(", ", dimensions)}] holds {count} values, but got {values.Length}.");
        Dimensions = dimensions;
        Values = values;
    }

    public Tensor(params int[] dimensions) : this(dimensions, Allocate(dimensions)) { }

    public IReadOnlyList<int> Dimensions { get; }

    public float[] Values { get; }

    public bool HasDimensions(IReadOnlyList<int> dimensions) => Dimensions.SequenceEqual(dimensions);

    public override string ToString() => $"[{string.Join(", ", Dimensions)}]";

    private static float[] Allocate(int[] dimensions)
    {
        long count = 1;
        foreach (int dimension in dimensions) count = checked(count * dimension);
        HostMemory.Check(count, sizeof(float), $"A tensor of [{string.Join(", ", dimensions)}]");
        return new float[count];
    }
}
