namespace GpuCnn.Kernels.Pointwise;

/// <summary>
/// A function of one value whose derivative can be told from its result. One implementation serves the layer of its own and,
/// compiled into it, the epilogue of the convolution or fully connected layer it follows.
/// </summary>
public interface IPointwise
{
    /// <summary>y = f(x)</summary>
    T Forward<T>(T x) where T : unmanaged, IArithmetic<T>;

    /// <summary>dx = f'(x) dy, from y = f(x).</summary>
    T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T>;
}

/// <summary>f(x) = x: what a layer without an activation has in its epilogue.</summary>
public readonly struct Identity : IPointwise
{
    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => x;

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy;
}
