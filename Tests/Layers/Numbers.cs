namespace GpuCnn.Tests.Layers;

/// <summary>Numbers for tests, fixed by a seed.</summary>
internal static class Numbers
{
    /// <summary>
    /// Returns multiples of 1/8 in [-limit, limit]. Products of two are multiples of 1/64, and float32 holds their sums below 2^18 without
    /// rounding, in any order: results can be compared exactly, and rounding moves no value across a kink. Equal values, zeros and sums of
    /// exactly 0 are frequent.
    /// </summary>
    public static float[] Eighths(int count, int seed, float limit = 1)
    {
        var random = new Random(seed);
        int steps = (int)(8 * limit);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(-steps, steps + 1) / 8f)];
    }

    /// <summary>Returns uniform numbers in [-limit, limit), with all digits.</summary>
    public static float[] Reals(int count, int seed, float limit = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => limit * (2 * random.NextSingle() - 1))];
    }

    public static double[] ToDouble(float[] values) => Array.ConvertAll(values, value => (double)value);
}
