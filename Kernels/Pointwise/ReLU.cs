namespace GpuCnn.Kernels.Pointwise;

/// <summary>Returns max(0, x). The derivative at 0 is 0, and NaN stays NaN.</summary>
public readonly struct ReLU : IPointwise
{
    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => T.Max(T.Zero, x);

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => T.WhereGreater(y, T.Zero, dy, T.Zero);
}
