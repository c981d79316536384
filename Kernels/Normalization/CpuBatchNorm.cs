using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Normalization;

/// <summary>A batch in channel blocks, as the kernels of batch normalization take it.</summary>
/// <param name="Images">Room for images; only the first ones are real.</param>
/// <param name="Channels">Real channels of the blocks.</param>
/// <param name="Area">Pixels of a map.</param>
/// <param name="OutputBlocks">Channel blocks from one image to the next of the output and its gradient, which may be a part of a volume of more channels.</param>
public readonly record struct CpuBatchNormShape(int Images, int Channels, int Area, int OutputBlocks)
{
    public int Blocks => Cpu.Blocks.Count(Channels);

    /// <summary>Channels with those that fill up the last block.</summary>
    public int Stored => Cpu.Blocks.RoundUp(Channels);

    /// <summary>Floats of one block of one image.</summary>
    public int Plane => Area * Cpu.Blocks.Size;

    /// <summary>Where a block of an image starts.</summary>
    public nint OffsetOf(int image, int block) => ((nint)image * Blocks + block) * Plane;

    /// <summary>Where it starts in the output and its gradient.</summary>
    public nint OutputOffsetOf(int image, int block) => ((nint)image * OutputBlocks + block) * Plane;

    /// <summary>Parts that sums over the batch are split into; follows from the shape alone.</summary>
    public int Splits => CpuFusedActivationBackward<Identity>.Splits(Images, Area);

    /// <summary>Doubles of the sums: two of each channel for each part.</summary>
    public int SumCount => Splits * 2 * Stored;

    /// <summary>The real images of a part.</summary>
    public (int First, int Last) ImagesOf(int split, int real) =>
        ((int)((long)split * Images / Splits), Math.Min(real, (int)((split + 1L) * Images / Splits)));

    /// <summary>The sums of one channel over all parts, in order.</summary>
    public unsafe (double First, double Second) Total(double* sums, int channel)
    {
        double first = 0, second = 0;
        for (nint split = 0; split < Splits; split++)
        {
            double* part = sums + split * 2 * Stored + channel;
            first += part[0];
            second += part[Stored];
        }
        return (first, second);
    }
}
