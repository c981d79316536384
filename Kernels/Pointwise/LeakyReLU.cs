namespace GpuCnn.Kernels.Pointwise;

/// <summary>Returns x above 0, and slope x below. NaN stays NaN.</summary>
/// <param name="slope">Slope of the negative side. It is above 0, so that the sign of the result tells the side.</param>
public readonly struct LeakyReLU(float slope) : IPointwise
{
    private readonly float _slope = slope;

    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => T.WhereGreater(x, T.Zero, x, T.Create(_slope) * x);

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => T.WhereGreater(y, T.Zero, dy, T.Create(_slope) * dy);
}
