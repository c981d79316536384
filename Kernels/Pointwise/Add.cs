using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>y = f(a + b) over <paramref name="count"/> floats, four a thread. Memory bound. Its backward pass is <see cref="PointwiseBackward{TFunction}"/>, once for each of a and b.</summary>
/// <param name="a">[count]; may be b.</param>
/// <param name="y">[count]; overwritten.</param>
[Kernel(PointwiseLaunch.Threads)]
public readonly partial struct AddForward<TFunction>(ReadOnlyView<float> a, ReadOnlyView<float> b, View<float> y, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => PointwiseLaunch.Groups(count);

    public void Execute()
    {
        int first = GlobalId.X * PointwiseLaunch.PerThread;
        if (first + PointwiseLaunch.PerThread <= count) y.Store4(first, PointwiseFunctions.Forward(function, a.Load4(first) + b.Load4(first)));
        else for (int i = first; i < count; i++) y[i] = PointwiseFunctions.Forward(function, a[i] + b[i]);
    }
}
