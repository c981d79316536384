using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Normalization;

/// <summary>Merges the moments of all parts of a rank's batch into one, which the ranks exchange. A chunk is a channel block.</summary>
/// <param name="parts">Parts of the batch.</param>
/// <param name="moments">[Blocks][parts][<see cref="BlockMoments.Size"/>]</param>
/// <param name="merged">[Blocks][<see cref="BlockMoments.Size"/>]; overwritten.</param>
internal sealed unsafe class CpuBatchNormRankMoments(CpuBatchNormShape shape, int parts, double* moments, double* merged) : ICpuKernel
{
    public int Chunks => shape.Blocks;

    public void Run(int chunk)
    {
        (double count, Double8 mean, Double8 spread) = BlockMoments.Merge(
            moments + (nint)chunk * parts * BlockMoments.Size, parts, BlockMoments.Size);
        double* target = merged + (nint)chunk * BlockMoments.Size;
        target[0] = count;
        Double8.Store(mean, target + 1);
        Double8.Store(spread, target + 1 + Blocks.Size);
    }
}

/// <summary>Adds the sums of a rank's parts, which the ranks exchange.</summary>
/// <param name="sums">[splits][2][Blocks * 8] as <see cref="CpuBatchNormGradientSums"/> writes them.</param>
/// <param name="total">[2][Blocks * 8]; overwritten.</param>
internal sealed unsafe class CpuBatchNormRankSums(CpuBatchNormShape shape, double* sums, double* total) : ICpuKernel
{
    public int Chunks => 1;

    public void Run(int chunk)
    {
        for (int channel = 0; channel < shape.Stored; channel++)
            (total[channel], total[shape.Stored + channel]) = shape.Total(sums, shape.Splits, channel);
    }
}
