using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Numbers for kernels to compute with, and how their results are compared.</summary>
internal static class KernelNumbers
{
    /// <summary>Small integers: sums of their products are exact in whatever order they are added.</summary>
    public static float[] Whole(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(-4, 5))];
    }

    /// <summary>Numbers of any size between -1 and 1.</summary>
    public static float[] Broken(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
    }

    /// <summary>What nothing was written to shows as this.</summary>
    public static float[] Unset(int count) => [.. Enumerable.Repeat(float.NaN, count)];

    public static void AssertExact(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected, string what = "")
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length), what);
        for (int i = 0; i < actual.Length; i++)
            if (actual[i] != expected[i]) Assert.Fail($"{what}[{i}]: {actual[i]:G9} instead of {expected[i]:G9}");
    }

    /// <param name="terms">Terms of the longest sum; each of them adds at most one rounding of its size.</param>
    public static void AssertClose(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected, int terms, string what = "")
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length), what);
        double allowed = 1e-7 * (terms + 1);
        for (int i = 0; i < actual.Length; i++)
            if (!(Math.Abs(actual[i] - expected[i]) <= allowed)) Assert.Fail($"{what}[{i}]: {actual[i]:G9} instead of {expected[i]:G9}, {allowed:G3} allowed");
    }
}
