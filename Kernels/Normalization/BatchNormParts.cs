using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Splits sums over the pixels of a batch, each a row of channels, into parts. A group sums some channels of a part; its threads are
/// columns of channels by rows. The split follows from the shape alone, so sums of a slice have the same bits as those of a copy.
/// </summary>
internal readonly record struct BatchNormParts(int Channels, int Rows)
{
    internal const int Threads = 256;

    // Eight groups for each of 132 processors fill a large device.
    private const int WantedGroups = 1056;

    /// <summary>Most parts that a kernel with one group for some channels reads.</summary>
    public const int Most = 256;

    /// <summary>Most parts that a merge leaves.</summary>
    private const int MostRuns = 64;

    /// <summary>Number of channels of a thread.</summary>
    public int Lanes => BatchNormLanes.Of(Channels, Channels);

    /// <summary>Columns of threads in a group: they read whole runs of 32 bytes or more.</summary>
    public int Width => Lanes == 4 ? (Channels <= 16 ? 4 : 8) : (Channels <= 8 ? 8 : 32);

    public int PartRows
    {
        get
        {
            int height = Threads / Width, wanted = Math.Clamp(WantedGroups / ColumnGroups, 1, Most);
            return Math.Max(1, Size3.Groups((Rows + wanted - 1) / wanted, height)) * height;
        }
    }

    public int Count => (Rows + PartRows - 1) / PartRows;

    /// <summary>Number of floats in the parts' sums: two for each channel.</summary>
    public long Floats => 2L * Count * Channels;

    /// <summary>
    /// Returns how many parts' moments are merged into one run before the statistics are computed, or 1 if one group can read them all.
    /// Tiles have at most 128 rows, so there may be thousands of parts.
    /// </summary>
    /// <param name="parts">Number of parts.</param>
    public static int RunOf(int parts) => parts <= Most ? 1 : (parts + MostRuns - 1) / MostRuns;

    /// <summary>Number of groups in the launch that computes the parts.</summary>
    public Size3 Groups => new(ColumnGroups, Count);

    private int ColumnGroups => Size3.Groups(Channels, Width * Lanes);
}
