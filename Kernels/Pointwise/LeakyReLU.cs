namespace GpuCnn.Kernels.Pointwise;

/// <summary>x above 0, slope x below; what is not a number stays so.</summary>
/// <param name="slope">Of the negative side: above 0, so that the result tells the side.</param>
public readonly struct LeakyReLU(float slope) : IPointwise
{
    private readonly float _slope = slope;

    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => T.WhereGreater(x, T.Zero, x, T.Create(_slope) * x);

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => T.WhereGreater(y, T.Zero, dy, T.Create(_slope) * dy);
}
