namespace GpuCnn.Data;

/// <summary>
/// Splits weights with 22 fraction bits into two 16-bit numbers, weight = high · 2048 + low, so that one instruction multiplies two pairs
/// and adds them. The sums of both halves combine to exactly the sum of the whole.
/// </summary>
internal static class FixedPoint
{
    public const int LowBits = 11;

    /// <summary>Added before <see cref="FilterTable.PrecisionBits"/> are shifted out: rounds to nearest.</summary>
    public const int Half = 1 << (FilterTable.PrecisionBits - 1);

    public static short High(int weight) => (short)(weight >> LowBits);

    public static short Low(int weight) => (short)(weight & ((1 << LowBits) - 1));
}
