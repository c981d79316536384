namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Computes x Φ(x), where Φ is the cumulative distribution function of the standard normal distribution (Hendrycks and Gimpel, 2016,
/// https://arxiv.org/abs/1606.08415). The error is at most 2 units in the last place for x above 0, and 1e-7 below.
/// </summary>
public readonly struct Gelu : IPointwise
{
    /// <summary>Φ(-x) is 0 in float32 from here on. Larger magnitudes are clamped, so that no product is infinity times 0.</summary>
    private const float Most = 14.5f;

    public bool DerivesFromInput => true;

    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => T.Max(T.Create(-Most), x) * Cumulative(x, Bell(x));

    /// <summary>Computes dx = (Φ(x) + x φ(x)) dy.</summary>
    public T Backward<T>(T x, T dy) where T : unmanaged, IArithmetic<T>
    {
        T bell = Bell(x), inner = T.WhereGreater(x, T.Create(Most), T.Create(Most), T.Max(T.Create(-Most), x));
        return dy * T.MultiplyAdd(inner * T.Create(0.3989422804f), bell, Cumulative(x, bell));
    }

    private static T Magnitude<T>(T x) where T : unmanaged, IArithmetic<T>
    {
        T magnitude = T.Abs(x);
        return T.WhereGreater(magnitude, T.Create(Most), T.Create(Most), magnitude);
    }

    /// <summary>
    /// Computes exp(-x²/2). The rounding error of x²/2 would be up to 100 times as large in the result, so it is compensated.
    /// </summary>
    private static T Bell<T>(T x) where T : unmanaged, IArithmetic<T>
    {
        T magnitude = Magnitude(x), half = magnitude * T.Create(0.5f), square = half * magnitude;
        T lost = T.MultiplyAdd(half, magnitude, T.Zero - square), bell = T.Exp(T.Zero - square);
        return T.MultiplyAdd(T.Zero - lost, bell, bell);
    }

    /// <summary>
    /// Computes Φ(x): 1/2 + x p(x²) up to magnitude 1, and Φ(-x) = exp(-x²/2) p(x) / q(x) beyond. The polynomials were fitted for the
    /// smallest maximum error: 1e-8 absolute and 4e-8 relative.
    /// </summary>
    /// <param name="bell">exp(-x²/2).</param>
    private static T Cumulative<T>(T x, T bell) where T : unmanaged, IArithmetic<T>
    {
        T square = x * x, inner = T.Create(9.246727859e-5f);
        inner = T.MultiplyAdd(inner, square, T.Create(-1.165348571e-3f));
        inner = T.MultiplyAdd(inner, square, T.Create(9.964165277e-3f));
        inner = T.MultiplyAdd(inner, square, T.Create(-6.648872793e-2f));
        inner = T.MultiplyAdd(inner, square, T.Create(0.3989422023f));
        inner = T.MultiplyAdd(inner, x, T.Create(0.5f));

        T one = T.Create(1), magnitude = Magnitude(x);
        T above = T.MultiplyAdd(T.Create(0.02450267226f), magnitude, T.Create(0.1438416243f));
        above = T.MultiplyAdd(above, magnitude, T.Create(0.4001933634f));
        above = T.MultiplyAdd(above, magnitude, T.Create(0.499788999f));
        T below = T.MultiplyAdd(T.Create(0.06142064929f), magnitude, T.Create(0.3604822457f));
        below = T.MultiplyAdd(below, magnitude, T.Create(1.066078782f));
        below = T.MultiplyAdd(below, magnitude, T.Create(1.596174955f));
        below = T.MultiplyAdd(below, magnitude, one);
        T tail = above * bell / below;
        return T.WhereGreater(magnitude, one, T.WhereGreater(x, T.Zero, one - tail, tail), inner);
    }
}

/// <summary>Computes x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, from the same paper: within 5e-4 of <see cref="Gelu"/>.</summary>
public readonly struct GeluTanh : IPointwise
{
    /// <summary>The factor -2 √(2/π).</summary>
    private const float Linear = -1.595769122f;

    private const float Cubic = Linear * 0.044715f;

    public bool DerivesFromInput => true;

    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T>
    {
        // Below -12 the exponential is infinite, and the quotient 0.
        T inner = T.Max(T.Create(-12), x);
        return inner / (T.Create(1) + Exponential(inner));
    }

    public T Backward<T>(T x, T dy) where T : unmanaged, IArithmetic<T>
    {
        // Beyond 9.5 the derivative is 0 or 1. Up to 9.5 the exponential is finite.
        T one = T.Create(1), inner = T.WhereGreater(x, T.Create(9.5f), T.Create(9.5f), T.Max(T.Create(-9.5f), x));
        T exponential = Exponential(inner), gate = one / (one + exponential);
        // exponential * gate is 1 - gate without cancellation.
        T slope = T.MultiplyAdd(inner * inner, T.Create(-3 * Cubic), T.Create(-Linear));
        return dy * T.MultiplyAdd(inner * gate * (exponential * gate), slope, gate);
    }

    /// <summary>Computes exp(-2u), where (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)).</summary>
    private static T Exponential<T>(T x) where T : unmanaged, IArithmetic<T> =>
        T.Exp(x * T.MultiplyAdd(x * x, T.Create(Cubic), T.Create(Linear)));
}
