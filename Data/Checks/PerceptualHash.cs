namespace GpuCnn.Data;

/// <summary>
/// Describes what a picture looks like from afar: gray, scaled to 9x9. The hash consists of differences: a bit per pair of neighbors, 64
/// along rows and 64 along columns (N. Krawetz, "Kind of Like That", hackerfactor.com, 2013, which calls it dHash and uses the rows only).
/// Scaling, compression and brightness hardly change it.
/// </summary>
internal static class PerceptualHash
{
    public const int Side = 9, Pixels = Side * Side, Bits = 128;

    /// <summary>Largest number of different hash bits of pictures that look alike.</summary>
    public const int LargestDistance = 4;

    /// <summary>
    /// Largest difference in gray levels of pictures that look alike, at any of the 9x9 pixels and on average. Plain pictures, and drawings
    /// on plain ground, have almost the same hash.
    /// </summary>
    private const int LargestDifference = 12, LargestMeanDifference = 2;

    /// <param name="gray">[Side, Side].</param>
    public static UInt128 Of(ReadOnlySpan<byte> gray)
    {
        UInt128 hash = 0;
        for (int y = 0; y < Side - 1; y++)
        {
            for (int x = 0; x < Side - 1; x++)
            {
                byte here = gray[y * Side + x];
                hash = hash << 2 | (here < gray[y * Side + x + 1] ? 1u : 0) | (here < gray[(y + 1) * Side + x] ? 2u : 0);
            }
        }
        return hash;
    }

    public static int Distance(UInt128 a, UInt128 b) => (int)UInt128.PopCount(a ^ b);

    /// <summary>Whether two pictures with similar hashes look alike.</summary>
    public static bool LookAlike(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int sum = 0;
        for (int i = 0; i < Pixels; i++)
        {
            int difference = Math.Abs(a[i] - b[i]);
            if (difference > LargestDifference) return false;
            sum += difference;
        }
        return sum <= LargestMeanDifference * Pixels;
    }
}
