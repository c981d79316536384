using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Rounds weights to bfloat16, for products that read them so. Memory-bound.</summary>
/// <param name="weights">[count]</param>
/// <param name="rounded">[count / 2] Two values to a float; overwritten.</param>
/// <param name="count">A multiple of 4.</param>
[Kernel(Threads)]
internal readonly partial struct RoundWeights(ReadOnlyView<float> weights, View<float> rounded, int count) : IKernelGrid
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count / 4, Threads));

    public void Execute()
    {
        int at = 4 * GlobalId.X;
        if (at < count) StoredValues.Store4(rounded, at, weights.Load4(at), true);
    }
}
