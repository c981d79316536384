using GpuCnn.Kernels.Convolution.Winograd;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>Algorithm by which the CPU device computes a convolution.</summary>
/// <param name="Tile">Rows and columns of an output tile of Winograd's algorithm, 2 or 4, or 0 for the direct algorithm.</param>
public readonly record struct CpuConvolutionChoice(int Tile)
{
    // With fewer tiles, transforming the filter takes longer than the algorithm saves.
    private const int FewestTiles = 128;

    // With more weights, the sums of a filter's gradient at all points exceed the caches, so it takes more tiles to gain time.
    private const int LargeFilter = 1 << 17, TilesOfLargeFilter = 512;

    // With fewer channels, the transforms take as long as the products.
    private const int FewestChannels = 2 * Blocks.Size;

    // Smallest fraction of the tiles' pixels that lies inside the map. The others are computed in vain.
    private const double LeastInside = 0.6;

    public static CpuConvolutionChoice Direct => default;

    public bool IsDirect => Tile == 0;

    /// <summary>Returns the name that is printed and kept in files.</summary>
    public override string ToString() => IsDirect ? "direct" : $"Winograd {Tile}x{Tile}";

    /// <summary>
    /// Chooses by the sizes alone. Where it chooses Winograd, that was measured at least 1.2 times as fast as the direct algorithm, with
    /// vectors of either width.
    /// </summary>
    public static CpuConvolutionChoice For(ConvolutionShape shape, int images, ConvolutionPass pass)
    {
        if (!CanChoose(shape) || Math.Min(shape.C, shape.K) < FewestChannels) return Direct;
        (int height, int width) = pass == ConvolutionPass.InputGradient ? (shape.H, shape.W) : (shape.OutputHeight, shape.OutputWidth);
        long tiles = (long)images * ((height + 3) / 4) * ((width + 3) / 4), pixels = (long)images * height * width;
        bool large = pass == ConvolutionPass.FilterGradient && (long)shape.C * shape.K > LargeFilter;
        return tiles >= (large ? TilesOfLargeFilter : FewestTiles) && pixels >= LeastInside * 16 * tiles ? new(4) : Direct;
    }

    /// <summary>Lists the algorithms that may be worth timing.</summary>
    public static IReadOnlyList<CpuConvolutionChoice> Candidates(ConvolutionShape shape) =>
        CanChoose(shape) ? [Direct, new(2), new(4)] : [Direct];

    /// <summary>
    /// Returns whether Winograd's algorithm applies. An input of fewer channels than a block may be stored channels-last, which it cannot
    /// read.
    /// </summary>
    private static bool CanChoose(ConvolutionShape shape) =>
        WinogradProblem.Fits(shape) && shape.C >= Blocks.Size && shape.K >= Blocks.Size;
}
