namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes (exp(x) - exp(-x)) / (exp(x) + exp(-x)).</summary>
public readonly struct Tanh : IPointwise
{
    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T>
    {
        // For |x| that is not small, 1 - 2 / (exp(2|x|) + 1) has an error of one rounding of 1. For small |x|, where it would cancel, use
        // the odd Taylor polynomial to x^13, whose next term is under 1e-8 of x at 0.35.
        T one = T.Create(1), square = x * x, magnitude = T.Abs(x);
        T series = T.Create(21844f / 6081075f);
        series = T.MultiplyAdd(series, square, T.Create(-1382f / 155925f));
        series = T.MultiplyAdd(series, square, T.Create(62f / 2835f));
        series = T.MultiplyAdd(series, square, T.Create(-17f / 315f));
        series = T.MultiplyAdd(series, square, T.Create(2f / 15f));
        series = T.MultiplyAdd(series, square, T.Create(-1f / 3f));
        T small = T.MultiplyAdd(series * square, x, x);
        T large = one - T.Create(2) / (T.Exp(magnitude + magnitude) + one);
        large = T.WhereGreater(x, T.Zero, large, T.Zero - large);
        return T.WhereGreater(magnitude, T.Create(0.35f), large, small);
    }

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy * (T.Create(1) - y * y);
}
