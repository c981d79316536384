using GpuCnn.Kernels;

namespace GpuCnn.Data;

/// <summary>
/// A sequence of numbers from <see cref="CounterRandom"/>, a function of (seed, stream, index, draw) alone. Unlike System.Random its bits
/// can never change with the runtime.
/// </summary>
public struct RandomStream(ulong seed, ulong stream, ulong index)
{
    private ulong _state =
        CounterRandom.Mix(CounterRandom.Mix(CounterRandom.Mix(seed) + stream * 0xD1342543DE82EF95) + index * 0xDA942042E4DD58B5);

    public ulong NextUInt64()
    {
        ulong bits = CounterRandom.Mix(_state);
        _state += CounterRandom.Increment;
        return bits;
    }

    /// <summary>Uniform over 0 .. <paramref name="exclusive"/> - 1 (bias below 2⁻³²).</summary>
    public int NextInt(int exclusive)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusive);
        return (int)Math.BigMul(NextUInt64(), (ulong)exclusive, out _);
    }

    /// <summary>Uniform over [0, 1).</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform over [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double NextDouble(double low, double high) => low + (high - low) * NextDouble();

    public bool NextBool() => NextUInt64() >> 63 != 0;

    /// <summary>Normal of mean 0 and deviation 1, from two uniform numbers (Box and Muller).</summary>
    public double NextNormal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>Of the beta distribution of two equal parameters above 0, by two gamma variates (Marsaglia and Tsang, 2000).</summary>
    public double NextBeta(double alpha)
    {
        double first = NextLogGamma(alpha), second = NextLogGamma(alpha);
        // By logarithms: of small parameters both would vanish.
        return 1 / (1 + Math.Exp(second - first));
    }

    /// <summary>The logarithm of a gamma variate of scale 1.</summary>
    private double NextLogGamma(double shape)
    {
        if (shape < 1) return NextLogGamma(shape + 1) + Math.Log(1 - NextDouble()) / shape;
        double d = shape - 1.0 / 3, c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = NextNormal(), v = 1 + c * x;
            if (v <= 0) continue;
            v = v * v * v;
            if (Math.Log(1 - NextDouble()) < 0.5 * x * x + d - d * v + d * Math.Log(v)) return Math.Log(d) + Math.Log(v);
        }
    }

    /// <summary>Fisher-Yates.</summary>
    public void Shuffle(Span<int> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
