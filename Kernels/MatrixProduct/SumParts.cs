using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Computes y[i] = f(sum over p of values[p, i] + bias[i % columns]), in ascending order of p. Memory-bound.</summary>
/// <param name="accumulate">Whether to add to y instead of overwriting it.</param>
/// <param name="isBFloat16">Whether y is stored as bfloat16.</param>
/// <param name="values">[partCount][count]</param>
/// <param name="bias">[columns]; any view if there is no bias.</param>
[Kernel(Threads)]
internal readonly partial struct SumParts<TFunction>(
    [Specialization] Flag addBias, [Specialization] Flag accumulate, [Specialization] Flag isBFloat16, ReadOnlyView<float> values,
    ReadOnlyView<float> bias, View<float> y, int partCount, int count, Divisor columns, TFunction function)
    where TFunction : unmanaged, IPointwise
{
    private const int Threads = 128;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        float sum = 0;
        for (int part = 0; part < partCount; part++) sum += values[part * count + i];
        Epilogue.StoreOne(y, i, bias, 0, columns.Remainder(i), columns.Value, sum, function, addBias, accumulate, isBFloat16);
    }
}
