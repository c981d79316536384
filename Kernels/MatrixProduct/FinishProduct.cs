using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Completes a product whose sums a library has stored: c = f(c + bias), in place. Memory-bound.</summary>
/// <param name="lanes">Columns of a thread: 4 if columns, pitch and start are multiples of 4, else 1.</param>
/// <param name="bias">[columns]; any view if there is no bias.</param>
/// <param name="c">[rows][pitch]; only the first columns are changed.</param>
/// <param name="runs">Threads of a row.</param>
/// <param name="count">Threads that have work.</param>
[Kernel(Threads)]
internal readonly partial struct FinishProduct<TFunction>(
    [Specialization(4)] int lanes, [Specialization] Flag addBias, ReadOnlyView<float> bias, View<float> c, Divisor runs, int pitch,
    int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    private const int Threads = 256;

    public Size3 Groups => new(Size3.Groups(count, Threads));

    public void Execute()
    {
        int thread = GlobalId.X;
        if (thread >= count) return;
        int row = runs.Divide(thread), column = (thread - row * runs.Value) * lanes, at = row * pitch + column;
        if (lanes == 4)
        {
            Float4 sums = c.Load4(at);
            if (addBias) sums += bias.Load4(column);
            c.Store4(at, PointwiseFunctions.Forward(function, sums));
        }
        else
        {
            c[at] = PointwiseFunctions.Forward(function, addBias ? c[at] + bias[column] : c[at]);
        }
    }
}
