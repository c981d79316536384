namespace GpuCnn.Kernels.Convolution;

/// <summary>The three computations of a convolution while training.</summary>
public enum ConvolutionPass
{
    Forward,
    InputGradient,
    FilterGradient,
}

public static class ConvolutionPasses
{
    /// <summary>
    /// Describes the problem that a pass solves, with all sizes that the best algorithm may depend on. Files that keep algorithms use this
    /// description as the key.
    /// </summary>
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
