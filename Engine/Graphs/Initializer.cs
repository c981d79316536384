using GpuCnn.Kernels;

namespace GpuCnn.Engine.Graphs;

/// <summary>Draws the initial values of a parameter.</summary>
public abstract record Initializer
{
    /// <summary>N(0, 2 / fan-in), for layers followed by ReLU (He et al., 2015, https://arxiv.org/abs/1502.01852).</summary>
    public static Initializer He { get; } = new NormalFanIn(2);

    /// <summary>U(-a, a), a = sqrt(6 / (fan-in + fan-out)), for tanh and sigmoid (Glorot and Bengio, 2010).</summary>
    public static Initializer Xavier { get; } = new UniformFans();

    /// <summary>N(mean 0, <paramref name="deviation"/>²)</summary>
    public static Initializer Normal(float deviation) => new NormalValue(deviation);

    /// <summary>U(-<paramref name="bound"/>, <paramref name="bound"/>)</summary>
    public static Initializer Uniform(float bound) => new UniformValue(bound);

    public static Initializer Constant(float value) => new ConstantValue(value);

    /// <summary>Given values, in the order of the tensor.</summary>
    public static Initializer Values(IReadOnlyList<float> values) => new GivenValues(values);

    /// <summary>Fills a parameter; the same key gives the same values.</summary>
    /// <param name="fanIn">Inputs of one unit.</param>
    /// <param name="fanOut">Units that use one input.</param>
    public abstract void Fill(Span<float> values, int fanIn, int fanOut, ulong key);

    private sealed record NormalFanIn(float Gain) : Initializer
    {
        public override void Fill(Span<float> values, int fanIn, int fanOut, ulong key) =>
            FillNormal(values, MathF.Sqrt(Gain / fanIn), key);
    }

    private sealed record UniformFans : Initializer
    {
        public override void Fill(Span<float> values, int fanIn, int fanOut, ulong key) =>
            FillUniform(values, MathF.Sqrt(6f / (fanIn + fanOut)), key);
    }

    private sealed record NormalValue(float Deviation) : Initializer
    {
        public override void Fill(Span<float> values, int fanIn, int fanOut, ulong key) => FillNormal(values, Deviation, key);
    }

    private sealed record UniformValue(float Bound) : Initializer
    {
        public override void Fill(Span<float> values, int fanIn, int fanOut, ulong key) => FillUniform(values, Bound, key);
    }

    private sealed record ConstantValue(float Value) : Initializer
    {
        public override void Fill(Span<float> values, int fanIn, int fanOut, ulong key) => values.Fill(Value);
    }

    private sealed record GivenValues(IReadOnlyList<float> Given) : Initializer
    {
        public override void Fill(Span<float> values, int fanIn, int fanOut, ulong key)
        {
            for (int i = 0; i < values.Length; i++) values[i] = Given[i];
        }
    }

    private static void FillNormal(Span<float> values, float deviation, ulong key)
    {
        for (int i = 0; i < values.Length; i++) values[i] = deviation * CounterRandom.Normal(key, (ulong)i);
    }

    private static void FillUniform(Span<float> values, float bound, ulong key)
    {
        for (int i = 0; i < values.Length; i++) values[i] = bound * (2 * CounterRandom.Uniform(key, (ulong)i) - 1);
    }
}
