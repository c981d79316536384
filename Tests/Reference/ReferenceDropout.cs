namespace GpuCnn.Tests.Reference;

/// <summary>
/// y = x / (1 - p) if u &gt;= p, else 0, with u uniform in [0, 1) from the counter rule: mix is SplitMix64's output function, key(a, b) =
/// mix(mix(a) xor b), and u is the upper 24 bits of mix(key(seed, key(layer, step)) xor mix(position)). The position counts the values of
/// the batch in NCHW order.
/// </summary>
/// <param name="layer">The operator's place in the network, counted from 0.</param>
public sealed class ReferenceDropout(double probability, ulong layer, ulong seed, ulong step) : ReferenceLayer
{
    public override Extent Output(Extent input) => input;

    public override double[] Forward(Extent input, double[] x, double[][] parameters) => Apply(x);

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy) => new(Apply(dy), []);

    private double[] Apply(double[] values)
    {
        var result = new double[values.Length];
        ulong key = Mix(Mix(seed) ^ Mix(Mix(layer) ^ step));
        for (int i = 0; i < values.Length; i++)
        {
            double uniform = Mix(key ^ Mix((ulong)i)) / 1099511627776UL / 16777216.0;
            result[i] = uniform >= probability ? values[i] / (1 - probability) : 0;
        }
        return result;
    }

    /// <summary>http://prng.di.unimi.it/splitmix64.c with the given state.</summary>
    private static ulong Mix(ulong state)
    {
        ulong z = unchecked(state + 0x9e3779b97f4a7c15);
        z = unchecked((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9);
        z = unchecked((z ^ (z >> 27)) * 0x94d049bb133111eb);
        return z ^ (z >> 31);
    }
}
