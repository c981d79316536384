using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>A single float, in kernels for GPUs.</summary>
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

    // The first argument may be a constant, such as 0, which must stand on the right of a comparison.
    public static Lane Max(Lane a, Lane b) => new(b.Value < a.Value ? a.Value : b.Value);

    public static Lane Exp(Lane a) => new(KernelMath.Exp(a.Value));

    public static Lane Abs(Lane a) => new(KernelMath.Abs(a.Value));

    public static Lane WhereGreater(Lane a, Lane b, Lane yes, Lane no) => a.Value > b.Value ? yes : no;
}
