namespace GpuCnn.Data;

/// <summary>
/// Weights of 22 bits of fraction as two numbers of 16 bits, weight = high · 2048 + low, so that the multiplications of two pairs and
/// their sum are one instruction. Sums of both halves, put together again, are the sum of the whole to the last bit.
/// </summary>
internal static class FixedPoint
{
    public const int LowBits = 11;

    /// <summary>What is added before <see cref="FilterTable.PrecisionBits"/> are shifted off: rounding to nearest.</summary>
    public const int Half = 1 << (FilterTable.PrecisionBits - 1);

    public static short High(int weight) => (short)(weight >> LowBits);

    public static short Low(int weight) => (short)(weight & ((1 << LowBits) - 1));
}
