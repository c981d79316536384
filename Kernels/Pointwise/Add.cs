using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Computes y = f(a + b) over <paramref name="count"/> floats, four a thread. Memory-bound. Its backward pass is <see
/// cref="PointwiseBackward{TFunction}"/>, once for each of a and b.
/// </summary>
/// <param name="a">[count]; may be b.</param>
/// <param name="y">[count]; overwritten.</param>
[Kernel(256), Dispatched]
internal readonly partial struct AddForward<TFunction>(
    ReadOnlyView<float> a, ReadOnlyView<float> b, View<float> y, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        if (i + 4 <= count) y.Store4(i, PointwiseFunctions.Forward(function, a.Load4(i) + b.Load4(i)));
        else
            for (; i < count; i++) y[i] = PointwiseFunctions.Forward(function, a[i] + b[i]);
    }
}
