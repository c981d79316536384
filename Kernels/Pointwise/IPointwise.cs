namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// A function of one value, and its derivative. One implementation serves the layer of its own and, compiled into it, the epilogue of the
/// convolution or fully connected layer before it.
/// </summary>
public interface IPointwise
{
    /// <summary>y = f(x)</summary>
    T Forward<T>(T x) where T : unmanaged, IArithmetic<T>;

    /// <summary>
    /// Whether the derivative is computed from the input x. Such a function runs as a layer of its own while training, because the layer
    /// before it keeps only y.
    /// </summary>
    bool DerivesFromInput => false;

    /// <summary>dx = f'(x) dy</summary>
    /// <param name="y">The result f(x); the input x if <see cref="DerivesFromInput"/>.</param>
    T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T>;
}

/// <summary>f(x) = x: what a layer without an activation has in its epilogue.</summary>
public readonly struct Identity : IPointwise
{
    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => x;

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy;
}
