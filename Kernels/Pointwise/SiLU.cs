namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Computes x / (1 + exp(-x)) (Elfwing et al., 2017, https://arxiv.org/abs/1702.03118; as Swish: Ramachandran et al., 2017,
/// https://arxiv.org/abs/1710.05941).
/// </summary>
public readonly struct SiLU : IPointwise
{
    public bool DerivesFromInput => true;

    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T>
    {
        // Below -110 the exponential is infinite, and the quotient 0.
        T inner = T.Max(T.Create(-110), x);
        return inner / (T.Create(1) + T.Exp(T.Zero - inner));
    }

    public T Backward<T>(T x, T dy) where T : unmanaged, IArithmetic<T>
    {
        // Beyond 80 the derivative is 0 or 1. Up to 80 the exponential is finite.
        T one = T.Create(1), inner = T.WhereGreater(x, T.Create(80), T.Create(80), T.Max(T.Create(-80), x));
        T exponential = T.Exp(T.Zero - inner), gate = one / (one + exponential);
        // exponential * gate is 1 - gate without cancellation.
        return dy * gate * T.MultiplyAdd(inner, exponential * gate, one);
    }
}
