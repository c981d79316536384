namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes 1 / (1 + exp(-x)).</summary>
public readonly struct Sigmoid : IPointwise
{
    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T>
    {
        T one = T.Create(1);
        return one / (one + T.Exp(T.Zero - x));
    }

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy * y * (T.Create(1) - y);
}
