namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// Function of one value, with its derivative. One implementation serves as a layer of its own, and is compiled into the epilogue of the
/// convolution or fully connected layer before it.
/// </summary>
public interface IPointwise
{
    /// <summary>Computes y = f(x).</summary>
    T Forward<T>(T x) where T : unmanaged, IArithmetic<T>;

    /// <summary>
    /// Whether the derivative is computed from the input x. Such a function runs as a layer of its own while training, because the layer
    /// before it keeps only y.
    /// </summary>
    bool DerivesFromInput => false;

    /// <summary>Computes dx = f'(x) dy.</summary>
    /// <param name="y">The result f(x), or the input x if <see cref="DerivesFromInput"/>.</param>
    /// <param name="dy">Gradient of the result.</param>
    T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T>;
}

/// <summary>The identity f(x) = x, in the epilogue of a layer without an activation.</summary>
public readonly struct Identity : IPointwise
{
    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => x;

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy;
}
