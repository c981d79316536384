using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Splits sums over the pixels of a batch, each a row of channels, into parts. The split follows from the shape alone.</summary>
internal readonly record struct BatchNormParts(int Channels, int Rows)
{
    internal const int Threads = 256;

    // Enough parts to fill a device, and enough rows in each to be worth a group.
    private const int Most = 512, LeastRows = 256;

    /// <summary>Number of channels in a group, one for each of its columns of threads: 8 or 32.</summary>
    public int Width => Channels <= 8 ? 8 : 32;

    public int PartRows => Math.Max(LeastRows, (Rows + Most - 1) / Most);

    public int Count => (Rows + PartRows - 1) / PartRows;

    /// <summary>Number of floats in the parts' sums: two for each channel.</summary>
    public long Floats => 2L * Count * Channels;

    /// <summary>
    /// Returns how many parts' moments are merged into one run before the statistics are computed, or 1 if one group can read them all.
    /// Tiles have at most 128 rows, so there may be thousands of parts.
    /// </summary>
    /// <param name="parts">Number of parts.</param>
    public static int RunOf(int parts) => parts <= Most ? 1 : (parts + Most / 2 - 1) / (Most / 2);

    /// <summary>Number of groups in the launch that computes the parts.</summary>
    public Size3 Groups => new(Size3.Groups(Channels, Width), Count);
}
