using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>How the two kernels here are launched.</summary>
public static class PointwiseLaunch
{
    internal const int Threads = 256, PerThread = 4;

    public static Size3 Groups(int count) => new(Size3.Groups(count, Threads * PerThread));
}

/// <summary>y = f(x) over <paramref name="count"/> floats; y may be x. Four floats to a thread. Memory bound.</summary>
[Kernel(PointwiseLaunch.Threads, InPlace = true)]
public readonly partial struct PointwiseForward<TFunction>(ReadOnlyView<float> x, View<float> y, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => PointwiseLaunch.Groups(count);

    public void Execute()
    {
        int first = GlobalId.X * PointwiseLaunch.PerThread;
        if (first + PointwiseLaunch.PerThread <= count) y.Store4(first, PointwiseFunctions.Forward(function, x.Load4(first)));
        else for (int i = first; i < count; i++) y[i] = PointwiseFunctions.Forward(function, x[i]);
    }
}

/// <summary>dx = f'(x) dy, from y = f(x), over <paramref name="count"/> floats; dx may be dy. Four floats to a thread. Memory bound.</summary>
[Kernel(PointwiseLaunch.Threads, InPlace = true)]
public readonly partial struct PointwiseBackward<TFunction>(ReadOnlyView<float> y, ReadOnlyView<float> dy, View<float> dx, int count, TFunction function) : IKernelGrid
    where TFunction : unmanaged, IPointwise
{
    public Size3 Groups => PointwiseLaunch.Groups(count);

    public void Execute()
    {
        int first = GlobalId.X * PointwiseLaunch.PerThread;
        if (first + PointwiseLaunch.PerThread <= count) dx.Store4(first, PointwiseFunctions.Backward(function, y.Load4(first), dy.Load4(first)));
        else for (int i = first; i < count; i++) dx[i] = PointwiseFunctions.Backward(function, y[i], dy[i]);
    }
}
