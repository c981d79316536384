using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>The arithmetic that a formula uses.</summary>
public interface INumeric<T> where T : unmanaged, INumeric<T>
{
    static abstract T Zero { get; }

    static abstract T Create(float value);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator -(T a);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    static abstract bool operator >(T a, T b);

    static abstract bool operator <(T a, T b);

    static abstract implicit operator T(float value);

    static abstract T Exp(T a);

    static virtual T Twice(T a) => a + a;

    static virtual T Max(T a, T b) => a > b ? a : b;
}

/// <summary>One number.</summary>
public readonly struct Plain(float value) : INumeric<Plain>
{
    public readonly float Value = value;

    public static Plain Zero => new(0);

    public static Plain Create(float value) => new(value);

    public static Plain operator +(Plain a, Plain b) => new(a.Value + b.Value);

    public static Plain operator -(Plain a, Plain b) => new(a.Value - b.Value);

    public static Plain operator -(Plain a) => new(-a.Value);

    public static Plain operator *(Plain a, Plain b) => new(a.Value * b.Value);

    public static Plain operator /(Plain a, Plain b) => new(a.Value / b.Value);

    public static bool operator >(Plain a, Plain b) => a.Value > b.Value;

    public static bool operator <(Plain a, Plain b) => a.Value < b.Value;

    public static implicit operator Plain(float value) => new(value);

    public static explicit operator float(Plain plain) => plain.Value;

    public static Plain Exp(Plain a) => new(KernelMath.Exp(a.Value));
}

/// <summary>A number and its derivative; constructed in all the ways that structs allow.</summary>
public readonly struct Dual : INumeric<Dual>
{
    private readonly float _scale = 2;

    public readonly float Value;

    public Dual(float value, float slope)
    {
        if (KernelMath.IsNaN(value))
        {
            Value = -1;
            return;
        }
        Value = value;
        Slope = slope;
    }

    public Dual(float value) : this(value, 0) => HalfSlope = Slope / _scale;

    public float Slope { get; }

    public float HalfSlope { get; }

    public static Dual Zero => new(0);

    public float FullSlope => HalfSlope > 0 ? HalfSlope * _scale : Slope;

    public static Dual Create(float value) => new(value);

    public static Dual operator +(Dual a, Dual b) => new(a.Value + b.Value, a.Slope + b.Slope);

    public static Dual operator -(Dual a, Dual b) => new(a.Value - b.Value, a.Slope - b.Slope);

    public static Dual operator -(Dual a) => new(slope: -a.Slope, value: -a.Value);

    public static Dual operator *(Dual a, Dual b) => new(a.Value * b.Value, a.Slope * b.Value + a.Value * b.Slope);

    public static Dual operator /(Dual a, Dual b) => new(a.Value / b.Value, (a.Slope * b.Value - a.Value * b.Slope) / (b.Value * b.Value));

    public static bool operator >(Dual a, Dual b) => a.Value > b.Value;

    public static bool operator <(Dual a, Dual b) => a.Value < b.Value;

    public static implicit operator Dual(float value) => new(value);

    public static Dual Exp(Dual a)
    {
        float exponential = KernelMath.Exp(a.Value);
        return new(exponential, exponential * a.Slope);
    }

    // Overrides the interface's default.
    public static Dual Twice(Dual a) => new Dual(2, 0) * a;
}

public interface IFormula
{
    T Of<T>(T x) where T : unmanaged, INumeric<T>;
}

public readonly struct Logistic : IFormula
{
    public T Of<T>(T x) where T : unmanaged, INumeric<T>
    {
        T one = T.Create(1);
        return one / (one + T.Exp(-x));
    }
}

/// <summary>slope * max(0, x)^2 + 3 x</summary>
public readonly struct Bent(float slope) : IFormula
{
    private readonly float _slope = slope * 0.5f;

    public T Of<T>(T x) where T : unmanaged, INumeric<T>
    {
        T sum = T.Max(T.Zero, x);
        sum *= sum;
        sum = T.Twice(sum) * _slope;
        if (x < new T()) sum -= 0.0f;
        return sum + Tripled(x);
    }

    private static T Tripled<T>(T x) where T : unmanaged, INumeric<T> => T.Twice(x) + x;
}

/// <summary>The area of a rectangle, computed once in the constructor.</summary>
public readonly struct Area(float width, float height)
{
    private readonly float _margin = 0.25f;

    public readonly float Size = width * height;

    public float Perimeter { get; } = 2 * (width + height);

    public float WithMargin => (width + _margin) * height;
}

/// <summary>The value of a formula and its derivative, from one text of the formula.</summary>
[Kernel(16)]
public readonly partial struct Derivatives<TFormula>(ReadOnlyView<float> x, View<float> values, View<float> slopes, View<float> areas,
    TFormula formula, Area given)
    where TFormula : unmanaged, IFormula
{
    public void Execute()
    {
        int i = GlobalId.X;
        values[i] = (float)formula.Of(new Plain(x[i]));
        Dual dual = formula.Of(new Dual(x[i], 1));
        slopes[i] = dual.FullSlope + new Dual(float.NaN, 3).Value + 1;
        var area = new Area(x[i], i);
        areas[i] = area.Size + 100 * area.Perimeter + 10000 * area.WithMargin + given.Size - given.WithMargin * given.Perimeter;
    }
}
