namespace GpuCnn.Kernels.Convolution;

/// <summary>The sizes of a convolution for one image. C channels of H by W in; K filters of R by S in <see cref="Groups"/> groups.</summary>
public sealed record ConvolutionShape(
    int C, int H, int W, int K, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int Groups)
{
    /// <summary>Rows of the output: floor((H - R + 2 PadH) / StrideH) + 1.</summary>
    public int OutputHeight { get; } = (H - R + 2 * PadH) / StrideH + 1;

    /// <summary>Columns of the output: floor((W - S + 2 PadW) / StrideW) + 1.</summary>
    public int OutputWidth { get; } = (W - S + 2 * PadW) / StrideW + 1;

    public int OutputArea => OutputHeight * OutputWidth;
}
