using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Moments of a channel block in one part of a batch, in float64: the number of values, their means, and the sums of their squared
/// distances from the means. The CPU device's batch normalization merges its statistics from them. The parts of a block are contiguous:
/// [blocks][parts][<see cref="Size"/>].
/// </summary>
internal static unsafe class BlockMoments
{
    /// <summary>Doubles in one part of one block: the count, 8 means, 8 spreads.</summary>
    public const int Size = 1 + 2 * Blocks.Size;

    /// <summary>Merges all parts of a block, in order.</summary>
    /// <param name="parts">The block's first part.</param>
    /// <param name="pitch">Doubles from one part of the block to its next.</param>
    public static (double Count, Double8 Mean, Double8 Spread) Merge(double* parts, int count, nint pitch)
    {
        double total = 0;
        Double8 sum = Double8.Zero, spread = Double8.Zero;
        for (double* part = parts, end = parts + count * pitch; part < end; part += pitch)
        {
            total += part[0];
            sum = Double8.MultiplyAdd(Double8.Create(part[0]), Double8.Load(part + 1), sum);
        }
        Double8 mean = sum * Double8.Create(1 / Math.Max(1, total));
        for (double* part = parts, end = parts + count * pitch; part < end; part += pitch)
        {
            Double8 distance = Double8.Load(part + 1) - mean;
            spread = Double8.MultiplyAdd(Double8.Create(part[0]) * distance, distance, spread + Double8.Load(part + 1 + Blocks.Size));
        }
        return (total, mean, spread);
    }
}
