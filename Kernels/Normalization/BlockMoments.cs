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

    /// <summary>Of a run of pixels.</summary>
    /// <param name="y">The block's values; <paramref name="offsets"/>[0..<paramref name="count"/> - 1] are the pixels' offsets from it.</param>
    /// <param name="moments">[<see cref="Size"/>]; overwritten.</param>
    public static void Gather(float* y, int* offsets, int count, double* moments)
    {
        // Differences to the first value, because squares of what lies far from 0 would drown them. Two sums of each kind, so that none waits for the one before.
        Double8 origin = count > 0 ? Simd8.Widen(Simd8.Load(y + offsets[0])) : Double8.Zero;
        Double8 sum = Double8.Zero, squares = Double8.Zero, otherSum = Double8.Zero, otherSquares = Double8.Zero;
        int i = 0;
        for (; i + 1 < count; i += 2)
        {
            Double8 a = Simd8.Widen(Simd8.Load(y + offsets[i])) - origin, b = Simd8.Widen(Simd8.Load(y + offsets[i + 1])) - origin;
            sum += a;
            otherSum += b;
            squares = Double8.MultiplyAdd(a, a, squares);
            otherSquares = Double8.MultiplyAdd(b, b, otherSquares);
        }
        if (i < count)
        {
            Double8 last = Simd8.Widen(Simd8.Load(y + offsets[i])) - origin;
            sum += last;
            squares = Double8.MultiplyAdd(last, last, squares);
        }
        Store(count, origin, sum + otherSum, squares + otherSquares, moments);
    }

    /// <summary>Of the sums of differences to <paramref name="origin"/>, and of their squares.</summary>
    public static void Store(double count, Double8 origin, Double8 sum, Double8 squares, double* moments)
    {
        Double8 mean = sum * Double8.Create(1 / Math.Max(1, count));
        moments[0] = count;
        Double8.Store(origin + mean, moments + 1);
        Double8.Store(squares - sum * mean, moments + 1 + Blocks.Size);
    }

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
