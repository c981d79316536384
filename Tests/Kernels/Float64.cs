using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Tests.Kernels;

/// <summary>A double: a function's value without float32's rounding.</summary>
public readonly struct Float64(double value) : IArithmetic<Float64>
{
    public double Value => value;

    public static Float64 Zero => new(0);

    public static Float64 Create(float value) => new(value);

    public static Float64 MultiplyAdd(Float64 a, Float64 b, Float64 c) => new(a.Value * b.Value + c.Value);

    public static Float64 operator +(Float64 a, Float64 b) => new(a.Value + b.Value);

    public static Float64 operator -(Float64 a, Float64 b) => new(a.Value - b.Value);

    public static Float64 operator *(Float64 a, Float64 b) => new(a.Value * b.Value);

    public static Float64 operator /(Float64 a, Float64 b) => new(a.Value / b.Value);

    public static Float64 Max(Float64 a, Float64 b) => a.Value > b.Value ? a : b;

    public static Float64 Exp(Float64 a) => new(Math.Exp(a.Value));

    public static Float64 Abs(Float64 a) => new(Math.Abs(a.Value));

    public static Float64 WhereGreater(Float64 a, Float64 b, Float64 yes, Float64 no) => a.Value > b.Value ? yes : no;
}
