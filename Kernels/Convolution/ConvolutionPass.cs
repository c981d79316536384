namespace GpuCnn.Kernels.Convolution;

public enum ConvolutionPass
{
    Forward,
    InputGradient,
    FilterGradient,
}

public static class ConvolutionPasses
{
    /// <summary>What a pass computes, with all sizes that the best algorithm may depend on, in the words by which algorithms are kept in files.</summary>
    public static string Describe(this ConvolutionPass pass, ConvolutionShape shape, int images)
    {
        string what = pass switch
        {
            ConvolutionPass.Forward => "convolution",
            ConvolutionPass.InputGradient => "input gradient",
            _ => "filter gradient",
        };
        return $"{what} {shape.C}x{shape.H}x{shape.W} -> {shape.K}, {shape.R}x{shape.S}, stride {shape.StrideH}x{shape.StrideW}, "
            + $"padding {shape.PadH}x{shape.PadW}, {shape.Groups} groups, {images} images";
    }
}
