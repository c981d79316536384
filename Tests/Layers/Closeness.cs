using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

internal static class Closeness
{
    /// <summary>
    /// What float32 sums of <paramref name="terms"/> terms may be off, where the largest expected magnitude is m. The roundings of a sum,
    /// in any order, are a random walk of at most n steps of u = 2^-24 of the partial sums: about u sqrt(n / 2) m. Eight times that is
    /// allowed: far from chance, and far below what any wrong, missing or doubled term would do.
    /// </summary>
    public static double Tolerance(int terms, double rounding, double[] expected, double leastScale = 0) =>
        8 * rounding * Math.Sqrt(Math.Max(terms, 4)) * expected.Select(Math.Abs).Append(leastScale).Max();

    /// <summary>
    /// Fails where a value is further off than the tolerance, telling about the worst. What is not a number is never near.
    /// </summary>
    public static void Check(string what, ReadOnlySpan<float> actual, double[] expected, double tolerance)
    {
        if (actual.Length != expected.Length) Assert.Fail($"{what}: {actual.Length} values, expected {expected.Length}.");
        int worst = -1, wrong = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(actual[i] - expected[i]);
            if (error <= tolerance) continue;
            wrong++;
            if (worst < 0 || !(error <= Math.Abs(actual[worst] - expected[worst]))) worst = i;
        }
        if (worst >= 0)
            Assert.Fail(
                $"{what}: {wrong} of {expected.Length} values wrong. Worst at [{worst}]: actual {actual[worst]:R}, "
                + $"expected {expected[worst]:R}, error {Math.Abs(actual[worst] - expected[worst]):E2}, tolerance {tolerance:E2}.");
    }

    /// <summary>Fails if two results differ in a bit.</summary>
    public static void CheckSameBits(string what, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        if (actual.Length != expected.Length) Assert.Fail($"{what}: {actual.Length} values, expected {expected.Length}.");
        for (int i = 0; i < expected.Length; i++)
        {
            uint a = BitConverter.SingleToUInt32Bits(actual[i]), e = BitConverter.SingleToUInt32Bits(expected[i]);
            if (a != e)
            {
                Assert.Fail(
                    $"{what}: other bits at [{i}]: actual {actual[i]:R} (0x{a:X8}), expected {expected[i]:R} (0x{e:X8}), tolerance 0.");
            }
        }
    }
}
