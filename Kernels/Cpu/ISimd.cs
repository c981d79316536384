using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// Vector of floats whose width is fixed by T, so that a loop is written once and compiled for each width. Measured: the wrapped vectors
/// stay in registers, and a tile of 12 accumulators runs as fast as with the bare types.
/// </summary>
public unsafe interface ISimd<T> : IArithmetic<T> where T : unmanaged, ISimd<T>
{
    static abstract int Width { get; }

    static abstract T Load(float* source);

    static abstract void Store(T value, float* target);

    /// <summary>Loads Width / 8 channel blocks of 8 floats, <paramref name="blockStride"/> floats apart.</summary>
    static abstract T LoadBlocks(float* source, nint blockStride);

    static abstract void StoreBlocks(T value, float* target, nint blockStride);
}

/// <summary>Eight floats: one channel block.</summary>
public readonly unsafe struct Simd8(Vector256<float> value) : ISimd<Simd8>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector256<float> _value = value;

    public static int Width => 8;

    public static Simd8 Zero => new(Vector256<float>.Zero);

    [MethodImpl(Inline)]
    public static Simd8 Create(float value) => new(Vector256.Create(value));

    [MethodImpl(Inline)]
    public static Simd8 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(Inline)]
    public static void Store(Simd8 value, float* target) => value._value.Store(target);

    [MethodImpl(Inline)]
    public static Simd8 LoadBlocks(float* source, nint blockStride) => Load(source);

    [MethodImpl(Inline)]
    public static void StoreBlocks(Simd8 value, float* target, nint blockStride) => Store(value, target);

    [MethodImpl(Inline)]
    public static Simd8 MultiplyAdd(Simd8 a, Simd8 b, Simd8 c) => new(Vector256.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Simd8 operator +(Simd8 a, Simd8 b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Simd8 operator -(Simd8 a, Simd8 b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Simd8 operator *(Simd8 a, Simd8 b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Simd8 operator /(Simd8 a, Simd8 b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Simd8 Max(Simd8 a, Simd8 b) => new(Vector256.MaxNative(a._value, b._value));

    [MethodImpl(Inline)]
    public static Simd8 Exp(Simd8 a) => new(Vector256.Exp(a._value));

    [MethodImpl(Inline)]
    public static Simd8 Abs(Simd8 a) => new(Vector256.Abs(a._value));

    [MethodImpl(Inline)]
    public static Simd8 WhereGreater(Simd8 a, Simd8 b, Simd8 yes, Simd8 no) =>
        new(Vector256.ConditionalSelect(Vector256.GreaterThan(a._value, b._value), yes._value, no._value));

    [MethodImpl(Inline)]
    public static Simd8 Sqrt(Simd8 a) => new(Vector256.Sqrt(a._value));

    [MethodImpl(Inline)]
    public static Simd8 Log(Simd8 a) => new(Vector256.Log(a._value));

    [MethodImpl(Inline)]
    public static Double8 Widen(Simd8 a) => Double8.Widen(a._value);
}

/// <summary>Sixteen floats: two channel blocks. Used where the machine has 512-bit vectors.</summary>
public readonly unsafe struct Simd16(Vector512<float> value) : ISimd<Simd16>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private readonly Vector512<float> _value = value;

    public static int Width => 16;

    public static Simd16 Zero => new(Vector512<float>.Zero);

    [MethodImpl(Inline)]
    public static Simd16 Create(float value) => new(Vector512.Create(value));

    [MethodImpl(Inline)]
    public static Simd16 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(Inline)]
    public static void Store(Simd16 value, float* target) => value._value.Store(target);

    [MethodImpl(Inline)]
    public static Simd16 LoadBlocks(float* source, nint blockStride) =>
        new(Vector512.Create(Vector256.Load(source), Vector256.Load(source + blockStride)));

    [MethodImpl(Inline)]
    public static void StoreBlocks(Simd16 value, float* target, nint blockStride)
    {
        value._value.GetLower().Store(target);
        value._value.GetUpper().Store(target + blockStride);
    }

    [MethodImpl(Inline)]
    public static Simd16 MultiplyAdd(Simd16 a, Simd16 b, Simd16 c) => new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Simd16 operator +(Simd16 a, Simd16 b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Simd16 operator -(Simd16 a, Simd16 b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Simd16 operator *(Simd16 a, Simd16 b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Simd16 operator /(Simd16 a, Simd16 b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public static Simd16 Max(Simd16 a, Simd16 b) => new(Vector512.MaxNative(a._value, b._value));

    [MethodImpl(Inline)]
    public static Simd16 Exp(Simd16 a) => new(Vector512.Exp(a._value));

    [MethodImpl(Inline)]
    public static Simd16 Abs(Simd16 a) => new(Vector512.Abs(a._value));

    [MethodImpl(Inline)]
    public static Simd16 WhereGreater(Simd16 a, Simd16 b, Simd16 yes, Simd16 no) =>
        new(Vector512.ConditionalSelect(Vector512.GreaterThan(a._value, b._value), yes._value, no._value));
}
