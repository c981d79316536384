using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Normalization;

/// <summary>How sums over the pixels of a batch, a row of channels each, are split into parts. Follows from the shape alone.</summary>
public readonly record struct BatchNormParts(int Channels, int Rows)
{
    internal const int Threads = 256;

    // Enough parts to fill a device, and rows enough in each to be worth a group.
    private const int Most = 512, LeastRows = 256;

    /// <summary>Channels of a group, one for each of its columns of threads: 8 or 32.</summary>
    public int Width => Channels <= 8 ? 8 : 32;

    public int PartRows => Math.Max(LeastRows, (Rows + Most - 1) / Most);

    public int Count => (Rows + PartRows - 1) / PartRows;

    /// <summary>Floats of sums of the parts: two of each channel.</summary>
    public long Floats => 2L * Count * Channels;

    /// <summary>How many of so many parts' moments are merged before the statistics are made of them: 1 where one group can read them all. Tiles have 128 rows at most, so there may be thousands.</summary>
    public static int RunOf(int parts) => parts <= Most ? 1 : (parts + Most / 2 - 1) / (Most / 2);

    /// <summary>Groups of a launch that makes the parts.</summary>
    public Size3 Groups => new(Size3.Groups(Channels, Width), Count);
}
