using GpuCnn.Kernels;

namespace GpuCnn.Tests.Golden;

/// <summary>Values that scripts of this folder give PyTorch too (formula.py), so that no file holds them.</summary>
internal static class Formula
{
    /// <summary>Draws from [-1, 1), multiples of 2^-23.</summary>
    public static void Uniform(ulong stream, Span<float> values)
    {
        ulong key = CounterRandom.Key(1, stream);
        for (int i = 0; i < values.Length; i++) values[i] = 2 * CounterRandom.Uniform(key, (ulong)i) - 1;
    }
}
