using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Shape of a batch in channel blocks, as the kernels of batch normalization see it.</summary>
/// <param name="Images">Capacity of the batch in images; only the first ones are real.</param>
/// <param name="Channels">Real channels of the blocks.</param>
/// <param name="Area">Pixels of a map.</param>
/// <param name="OutputBlocks">
/// Channel blocks from one image to the next of the output and its gradient, which may be a slice of a volume with more channels.
/// </param>
internal readonly record struct CpuBatchNormShape(int Images, int Channels, int Area, int OutputBlocks)
{
    public int Blocks => Cpu.Blocks.Count(Channels);

    /// <summary>Number of channels including those that fill up the last block.</summary>
    public int Stored => Cpu.Blocks.RoundUp(Channels);

    /// <summary>Number of floats in one block of one image.</summary>
    public int Plane => Area * Cpu.Blocks.Size;

    /// <summary>Returns the offset of a block of an image.</summary>
    public nint OffsetOf(int image, int block) => ((nint)image * Blocks + block) * Plane;

    /// <summary>Returns the offset of a block of an image in the output and its gradient.</summary>
    public nint OutputOffsetOf(int image, int block) => ((nint)image * OutputBlocks + block) * Plane;

    /// <summary>Number of parts that sums over the batch are split into. It follows from the shape alone.</summary>
    public int Splits => CpuFusedActivationBackward<Identity>.Splits(Images, Area);

    /// <summary>Number of doubles in the sums: two of each channel for each part.</summary>
    public int SumCount => Splits * 2 * Stored;

    /// <summary>Returns the range of a part's real images.</summary>
    public (int First, int Last) ImagesOf(int split, int real) =>
        ((int)((long)split * Images / Splits), Math.Min(real, (int)((split + 1L) * Images / Splits)));

    /// <summary>Adds the sums of one channel over all parts, in order.</summary>
    /// <param name="sums">[parts][2][Blocks * 8]</param>
    public unsafe (double First, double Second) Total(double* sums, int parts, int channel)
    {
        double first = 0, second = 0;
        for (nint part = 0; part < parts; part++)
        {
            double* own = sums + part * 2 * Stored + channel;
            first += own[0];
            second += own[Stored];
        }
        return (first, second);
    }
}
