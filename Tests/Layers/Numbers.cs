namespace GpuCnn.Tests.Layers;

/// <summary>Numbers to test with; the same seed gives the same ones.</summary>
internal static class Numbers
{
    /// <summary>
    /// Multiples of 1/8 in [-limit, limit]. Products of two are multiples of 1/64, and a sum of them below 2^18 is a float32 without
    /// rounding, in whatever order it is added up: results can be compared exactly, and no value lies on the wrong side of a
    /// kink by a rounding. Equal values, zeros and sums of exactly 0 are frequent.
    /// </summary>
    public static float[] Eighths(int count, int seed, float limit = 1)
    {
        var random = new Random(seed);
        int steps = (int)(8 * limit);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(-steps, steps + 1) / 8f)];
    }

    /// <summary>Uniform in [-limit, limit), with all digits.</summary>
    public static float[] Reals(int count, int seed, float limit = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => limit * (2 * random.NextSingle() - 1))];
    }

    public static double[] ToDouble(float[] values) => Array.ConvertAll(values, value => (double)value);
}
