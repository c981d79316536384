using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Tests.Layers;

/// <summary>A leaky ReLU as a user of the library would write it. Public, because ILGPU's launchers name it.</summary>
public readonly struct LeakyFunction(float slope) : IPointwise
{
    private readonly float _slope = slope;

    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => T.WhereGreater(x, T.Zero, x, T.Create(_slope) * x);

    public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => T.WhereGreater(y, T.Zero, dy, T.Create(_slope) * dy);
}

/// <summary>x², whose sign cannot be told from y.</summary>
public readonly struct SquareFunction : IPointwise
{
    public bool DerivesFromInput => true;

    public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => x * x;

    public T Backward<T>(T x, T dy) where T : unmanaged, IArithmetic<T> => (x + x) * dy;
}

internal sealed class UserLeaky(float slope) : Engine.Layers.Activation
{
    public override IPointwise Function => new LeakyFunction(slope);
}

internal sealed class UserSquare : Engine.Layers.Activation<SquareFunction>;
