namespace GpuCnn.Kernels.Pointwise;

/// <summary>max(0, x); the derivative at 0 is 0, and what is not a number stays so.</summary>
public readonly struct ReLU : IPointwise
{
    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => T.Max(T.Zero, x);

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => T.WhereGreater(y, T.Zero, dy, T.Zero);
}
