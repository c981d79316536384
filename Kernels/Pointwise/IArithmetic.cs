namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// What a function of one value computes with, so that it is written once: for vectors of the CPU, of whatever width, and for the one float of a device's thread.
/// </summary>
public interface IArithmetic<T> where T : unmanaged, IArithmetic<T>
{
    static abstract T Zero { get; }

    static abstract T Create(float value);

    /// <summary>a * b + c in one rounding.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>The larger of each pair; <paramref name="b"/> where one of them is not a number.</summary>
    static abstract T Max(T a, T b);

    static abstract T Exp(T a);

    static abstract T Abs(T a);

    /// <summary><paramref name="yes"/> where a &gt; b, else <paramref name="no"/>.</summary>
    static abstract T WhereGreater(T a, T b, T yes, T no);
}
