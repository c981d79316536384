using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

/// <summary>A function of one value that kernels are compiled for.</summary>
public interface IMapping
{
    float Apply(float x);

    static abstract float Start { get; }
}

public readonly struct Negated : IMapping
{
    public static float Start => 10;

    public float Apply(float x) => -x;
}

/// <summary>Has fields, so it is an argument of the kernel.</summary>
public readonly struct Scaled(float slope, int shift) : IMapping
{
    public static float Start => 0.5f;

    public float Apply(float x) => Line(x) + shift;

    private float Line(float x) => slope * x;
}

public static class Mappings
{
    public readonly struct Nested : IMapping
    {
        static float IMapping.Start => -1;

        float IMapping.Apply(float x) => x * x;
    }

    /// <summary>Is generic: no kernel is compiled for it, but helpers may use it as a type argument.</summary>
    public readonly struct Twice<TInner> : IMapping where TInner : unmanaged, IMapping
    {
        public static float Start => TInner.Start * 2;

        public float Apply(float x)
        {
            TInner inner = default;
            return inner.Apply(inner.Apply(x));
        }
    }

    public static float Through<TMapping>(float x, TMapping mapping, int rounds) where TMapping : unmanaged, IMapping
    {
        TMapping own = mapping;
        for (int i = 0; i < rounds; i++) x = own.Apply(x);
        return x;
    }
}

/// <summary>y = mapping(x), and the sum of a group's values. Compiled once for each mapping.</summary>
[Kernel(8)]
public readonly partial struct Mapped<TMapping>(ReadOnlyView<float> x, View<float> y, View<float> sums, TMapping mapping, int rounds)
    where TMapping : unmanaged, IMapping
{
    public void Execute()
    {
        View<float> scratch = Shared.Array<float>(GroupSize.X);
        int i = GlobalId.X;
        float value = Mappings.Through(x[i], mapping, rounds) + new Mappings.Twice<Negated>().Apply(x[i]);
        y[i] = Offset(value);
        float total = Total(scratch, value);
        if (ThreadId.X == 0) sums[GroupId.X] = total;
    }

    private static float Offset(float value) => value + TMapping.Start + Mappings.Twice<Negated>.Start;

    private static float Total(View<float> scratch, float value)
    {
        scratch[ThreadId.X] = value;
        Group.Barrier();
        float sum = TMapping.Start;
        for (int k = 0; k < GroupSize.X; k++) sum += scratch[k];
        return sum;
    }
}
