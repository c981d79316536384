using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuCnn.Kernels.Cpu;

/// <summary>Eight doubles, for sums over a batch of one channel block.</summary>
public readonly unsafe struct Double8(Vector256<double> lower, Vector256<double> upper)
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector256<double> _lower = lower, _upper = upper;

    public static Double8 Zero => default;

    [MethodImpl(Inline)]
    public static Double8 Create(double value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(Inline)]
    public static Double8 Load(double* source) => new(Vector256.Load(source), Vector256.Load(source + 4));

    /// <summary>Converts eight floats to doubles.</summary>
    [MethodImpl(Inline)]
    public static Double8 Widen(Vector256<float> values)
    {
        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(values);
        return new(lower, upper);
    }

    [MethodImpl(Inline)]
    public static void Store(Double8 value, double* target)
    {
        value._lower.Store(target);
        value._upper.Store(target + 4);
    }

    [MethodImpl(Inline)]
    public static Double8 MultiplyAdd(Double8 a, Double8 b, Double8 c) =>
        new(Vector256.FusedMultiplyAdd(a._lower, b._lower, c._lower), Vector256.FusedMultiplyAdd(a._upper, b._upper, c._upper));

    [MethodImpl(Inline)]
    public static Double8 operator +(Double8 a, Double8 b) => new(a._lower + b._lower, a._upper + b._upper);

    [MethodImpl(Inline)]
    public static Double8 operator -(Double8 a, Double8 b) => new(a._lower - b._lower, a._upper - b._upper);

    [MethodImpl(Inline)]
    public static Double8 operator *(Double8 a, Double8 b) => new(a._lower * b._lower, a._upper * b._upper);
}
