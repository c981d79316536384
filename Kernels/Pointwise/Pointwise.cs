using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes y = f(x), four floats a thread; y may be x. Memory-bound.</summary>
/// <param name="x">[count]</param>
/// <param name="y">[count]</param>
[Kernel(256, InPlace = true), Dispatched]
internal readonly partial struct PointwiseForward<TFunction>(ReadOnlyView<float> x, View<float> y, int count, TFunction function)
    : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        if (i + 4 <= count) y.Store4(i, PointwiseFunctions.Forward(function, x.Load4(i)));
        else
            for (; i < count; i++) y[i] = PointwiseFunctions.Forward(function, x[i]);
    }
}

/// <summary>Computes dx = f'(x) dy, four floats a thread; dx may be dy. Memory-bound.</summary>
/// <param name="y">[count] The result f(x), or the input x if the function <see cref="IPointwise.DerivesFromInput"/>.</param>
/// <param name="dy">[count]</param>
/// <param name="dx">[count]</param>
[Kernel(256, InPlace = true), Dispatched]
internal readonly partial struct PointwiseBackward<TFunction>(
    ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => new(Size3.Groups(count, 4 * 256));

    public void Execute()
    {
        int i = GlobalId.X * 4;
        if (i + 4 <= count) dx.Store4(i, PointwiseFunctions.Backward(function, y.Load4(i), dy.Load4(i)));
        else
            for (; i < count; i++) dx[i] = PointwiseFunctions.Backward(function, y[i], dy[i]);
    }
}
