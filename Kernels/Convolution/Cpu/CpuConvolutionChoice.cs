using GpuCnn.Kernels.Convolution.Winograd;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>How the CPU device computes a convolution.</summary>
/// <param name="Tile">Rows and columns of the output that Winograd's algorithm computes at once: 2 or 4; 0 for the direct algorithm.</param>
public readonly record struct CpuConvolutionChoice(int Tile)
{
    // With fewer tiles transforming the filter takes longer than what it saves.
    private const int FewestTiles = 128;

    // Of more weights the sums of a filter's gradient at all points are more than the caches hold, and want more tiles.
    private const int LargeFilter = 1 << 17, TilesOfLargeFilter = 512;

    // With fewer channels the transforms take as long as the products.
    private const int FewestChannels = 2 * Blocks.Size;

    // Of the tiles' pixels, what has to be in the map: what is not is computed in vain.
    private const double LeastInside = 0.6;

    public static CpuConvolutionChoice Direct => default;

    public bool IsDirect => Tile == 0;

    /// <summary>As it is printed, and kept in files.</summary>
    public override string ToString() => IsDirect ? "direct" : $"Winograd {Tile}x{Tile}";

    /// <summary>What follows from the sizes alone: measured to be at least 1.2 times as fast as the direct algorithm, with vectors of either width.</summary>
    public static CpuConvolutionChoice For(ConvolutionShape shape, int images, ConvolutionPass pass)
    {
        if (!CanChoose(shape) || Math.Min(shape.C, shape.K) < FewestChannels) return Direct;
        (int height, int width) = pass == ConvolutionPass.InputGradient ? (shape.H, shape.W) : (shape.OutputHeight, shape.OutputWidth);
        long tiles = (long)images * ((height + 3) / 4) * ((width + 3) / 4), pixels = (long)images * height * width;
        bool large = pass == ConvolutionPass.FilterGradient && (long)shape.C * shape.K > LargeFilter;
        return tiles >= (large ? TilesOfLargeFilter : FewestTiles) && pixels >= LeastInside * 16 * tiles ? new(4) : Direct;
    }

    /// <summary>All that may be worth timing.</summary>
    public static IReadOnlyList<CpuConvolutionChoice> Candidates(ConvolutionShape shape) => CanChoose(shape) ? [Direct, new(2), new(4)] : [Direct];

    /// <summary>Inputs of less than a channel block may be stored channels-last.</summary>
    private static bool CanChoose(ConvolutionShape shape) => WinogradProblem.Fits(shape) && shape.C >= Blocks.Size && shape.K >= Blocks.Size;
}
