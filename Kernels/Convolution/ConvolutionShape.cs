namespace GpuCnn.Kernels.Convolution;

/// <summary>
/// Sizes of a convolution for one image: C input channels of H by W, and K filters of R by S in <see cref="Groups"/> groups.
/// </summary>
public sealed record ConvolutionShape(
    int C, int H, int W, int K, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int Groups)
{
    /// <summary>Number of output rows: floor((H - R + 2 PadH) / StrideH) + 1.</summary>
    public int OutputHeight { get; } = (H - R + 2 * PadH) / StrideH + 1;

    /// <summary>Number of output columns: floor((W - S + 2 PadW) / StrideW) + 1.</summary>
    public int OutputWidth { get; } = (W - S + 2 * PadW) / StrideW + 1;

    public int OutputArea => OutputHeight * OutputWidth;
}
