using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Applies pointwise functions in kernels for GPUs, to one value or to four.</summary>
public static class PointwiseFunctions
{
    /// <summary>Computes y = f(x).</summary>
    public static float Forward<TFunction>(TFunction function, float x) where TFunction : unmanaged, IPointwise =>
        function.Forward(new Lane(x)).Value;

    /// <inheritdoc cref="IPointwise.Backward"/>
    public static float Backward<TFunction>(TFunction function, float y, float dy) where TFunction : unmanaged, IPointwise =>
        function.Backward(new Lane(y), new Lane(dy)).Value;

    /// <inheritdoc cref="Forward{TFunction}(TFunction, float)"/>
    public static Float4 Forward<TFunction>(TFunction function, Float4 x) where TFunction : unmanaged, IPointwise =>
        new(Forward(function, x.X), Forward(function, x.Y), Forward(function, x.Z), Forward(function, x.W));

    /// <inheritdoc cref="Backward{TFunction}(TFunction, float, float)"/>
    public static Float4 Backward<TFunction>(TFunction function, Float4 y, Float4 dy) where TFunction : unmanaged, IPointwise =>
        new(Backward(function, y.X, dy.X), Backward(function, y.Y, dy.Y), Backward(function, y.Z, dy.Z), Backward(function, y.W, dy.W));

    /// <inheritdoc cref="Forward{TFunction}(TFunction, float)"/>
    internal static Float8 Forward<TFunction>(TFunction function, Float8 x) where TFunction : unmanaged, IPointwise =>
        new(Forward(function, x.Low), Forward(function, x.High));

    /// <inheritdoc cref="Backward{TFunction}(TFunction, float, float)"/>
    internal static Float8 Backward<TFunction>(TFunction function, Float8 y, Float8 dy) where TFunction : unmanaged, IPointwise =>
        new(Backward(function, y.Low, dy.Low), Backward(function, y.High, dy.High));
}
