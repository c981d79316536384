using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// How many values of each channel of a block a part of a batch has, their means, and the sums of their squared distances from them, in float64: what the CPU device's batch normalization merges its
/// statistics of. A block's parts lie next to each other: [blocks][parts][<see cref="Size"/>].
/// </summary>
public static unsafe class BlockMoments
{
    /// <summary>Doubles of one part of one block: the count, 8 means, 8 spreads.</summary>
    public const int Size = 1 + 2 * Blocks.Size;

    /// <summary>Of all parts of a block, in order.</summary>
    /// <param name="parts">[count][<see cref="Size"/>]</param>
    public static (double Count, Double8 Mean, Double8 Spread) Merge(double* parts, int count)
    {
        double total = 0;
        Double8 sum = Double8.Zero, spread = Double8.Zero;
        for (double* part = parts, end = parts + (nint)count * Size; part < end; part += Size)
        {
            total += part[0];
            sum = Double8.MultiplyAdd(Double8.Create(part[0]), Double8.Load(part + 1), sum);
        }
        Double8 mean = sum * Double8.Create(1 / Math.Max(1, total));
        for (double* part = parts, end = parts + (nint)count * Size; part < end; part += Size)
        {
            Double8 distance = Double8.Load(part + 1) - mean;
            spread = Double8.MultiplyAdd(Double8.Create(part[0]) * distance, distance, spread + Double8.Load(part + 1 + Blocks.Size));
        }
        return (total, mean, spread);
    }
}
