namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Arithmetic of pointwise functions, which are written once for CPU vectors of any width and for the single float of a GPU thread.
/// </summary>
public interface IArithmetic<T> where T : unmanaged, IArithmetic<T>
{
    static abstract T Zero { get; }

    static abstract T Create(float value);

    /// <summary>Computes a * b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>Returns the larger of each pair, or <paramref name="b"/> if either is NaN.</summary>
    static abstract T Max(T a, T b);

    static abstract T Exp(T a);

    static abstract T Abs(T a);

    /// <summary>Returns <paramref name="yes"/> where a &gt; b, else <paramref name="no"/>.</summary>
    static abstract T WhereGreater(T a, T b, T yes, T no);
}
