using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>One float, in kernels that are translated for devices.</summary>
public readonly struct Lane(float value) : IArithmetic<Lane>
{
    public readonly float Value = value;

    public static Lane Zero => new(0);

    public static Lane Create(float value) => new(value);

    public static Lane MultiplyAdd(Lane a, Lane b, Lane c) => new(KernelMath.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    public static Lane operator +(Lane a, Lane b) => new(a.Value + b.Value);

    public static Lane operator -(Lane a, Lane b) => new(a.Value - b.Value);

    public static Lane operator *(Lane a, Lane b) => new(a.Value * b.Value);

    public static Lane operator /(Lane a, Lane b) => new(a.Value / b.Value);

    // The first may be a constant, such as 0: it stands on the right.
    public static Lane Max(Lane a, Lane b) => new(b.Value < a.Value ? a.Value : b.Value);

    public static Lane Exp(Lane a) => new(KernelMath.Exp(a.Value));

    public static Lane Abs(Lane a) => new(KernelMath.Abs(a.Value));

    public static Lane WhereGreater(Lane a, Lane b, Lane yes, Lane no) => a.Value > b.Value ? yes : no;
}
