using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// y[i] = sum over p of parts[p, i] + bias[i % columns], in ascending order of p. Memory bound.
/// </summary>
/// <param name="accumulate">Whether y is added to, not written over.</param>
/// <param name="values">[partCount][count]</param>
/// <param name="bias">[columns]; any view where none is added.</param>
[Kernel(Threads)]
public readonly partial struct SumParts(
    [Specialization] bool addBias, [Specialization] bool accumulate, ReadOnlyView<float> values, ReadOnlyView<float> bias, View<float> y, int partCount, int count, int columns)
{
    private const int Threads = 128;

    /// <summary>The groups that a launch over <paramref name="count"/> values needs.</summary>
    public static Size3 Groups(int count) => new(Size3.Groups(count, Threads));

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        float sum = 0;
        for (int part = 0; part < partCount; part++) sum += values[part * count + i];
        Epilogue.StoreOne(y, i, bias, 0, i % columns, columns, sum, addBias, accumulate);
    }
}
