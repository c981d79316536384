using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>How devices that run translated kernels compute a convolution.</summary>
public enum ConvolutionAlgorithm
{
    /// <summary>A matrix product whose rows are gathered from the input while it runs.</summary>
    ImplicitGemm,

    /// <summary>Windows are written out, and a plain matrix product reads them.</summary>
    Im2Col,

    /// <summary>A plain matrix product: filters of one tap with stride 1 and no padding, of which the windows are the input itself.</summary>
    Gemm,
}

/// <summary>
/// An algorithm and the tile of its matrix product; or that the device's library computes the product, which has no tile.
/// </summary>
public readonly record struct ConvolutionChoice(ConvolutionAlgorithm Algorithm, TileShape Tile, bool ByLibrary = false)
{
    /// <summary>As it is printed, and kept in files: <c>implicit GEMM 64x64x16</c>, <c>im2col + cuBLAS</c>.</summary>
    public override string ToString() => Algorithm switch
    {
        ConvolutionAlgorithm.ImplicitGemm => $"implicit {Product}",
        ConvolutionAlgorithm.Im2Col => $"im2col + {Product}",
        _ => $"{Product}",
    };

    private ProductChoice Product => new(Tile, ByLibrary);

    /// <summary>What follows from the sizes alone: the same for every device.</summary>
    public static ConvolutionChoice For(ConvolutionShape shape, int images, ConvolutionPass pass)
    {
        (int rows, int columns, int depth) = ProductSizes(shape, images, pass);
        TileShape tile = TileChoice.For(rows, columns, depth, shape.Groups, canSplit: pass == ConvolutionPass.FilterGradient);
        return new(IsPointwise(shape) ? ConvolutionAlgorithm.Gemm : ConvolutionAlgorithm.ImplicitGemm, tile);
    }

    /// <summary>All that may be worth timing. Every one of them gives the same result up to the order of sums.</summary>
    /// <param name="withLibrary">Whether the device has a library for matrix products.</param>
    public static IReadOnlyList<ConvolutionChoice> Candidates(
        ConvolutionShape shape, int images, ConvolutionPass pass, bool withLibrary = false)
    {
        (int rows, int columns, _) = ProductSizes(shape, images, pass);
        ConvolutionAlgorithm[] algorithms = IsPointwise(shape) ? [ConvolutionAlgorithm.Gemm] : [ConvolutionAlgorithm.ImplicitGemm, ConvolutionAlgorithm.Im2Col];
        IEnumerable<ConvolutionChoice> tiles = algorithms.SelectMany(algorithm =>
            TileChoice.Candidates(rows, columns).Select(tile => new ConvolutionChoice(algorithm, tile)));
        return withLibrary ? [.. tiles, new(algorithms[^1], default, ByLibrary: true)] : [.. tiles];
    }

    /// <summary>Whether the windows of a convolution are the pixels of its input.</summary>
    internal static bool IsPointwise(ConvolutionShape shape) => shape is { R: 1, S: 1, StrideH: 1, StrideW: 1, PadH: 0, PadW: 0 };

    internal void Check(ConvolutionShape shape)
    {
        if (Algorithm == ConvolutionAlgorithm.Gemm && !IsPointwise(shape))
            throw new ArgumentException($"A convolution is a plain matrix product with 1x1 filters, stride 1 and no padding only, but got {shape}; take {nameof(ConvolutionAlgorithm.ImplicitGemm)}.");
        if (Algorithm == ConvolutionAlgorithm.ImplicitGemm && ByLibrary)
            throw new ArgumentException($"A library reads matrices from memory, but got {Algorithm}; take {ConvolutionAlgorithm.Im2Col}.");
    }

    /// <summary>Rows, columns and depth of a group's matrix product; of a strided convolution's gradient, of one phase of the stride.</summary>
    private static (int Rows, int Columns, int Depth) ProductSizes(ConvolutionShape shape, int images, ConvolutionPass pass)
    {
        int inputs = shape.C / shape.Groups, outputs = shape.K / shape.Groups, pixels = images * shape.OutputArea, taps = shape.R * shape.S;
        return pass switch
        {
            ConvolutionPass.Forward => (pixels, outputs, taps * inputs),
            ConvolutionPass.InputGradient => (images * Phase(shape.H, shape.StrideH) * Phase(shape.W, shape.StrideW), inputs, taps * outputs),
            _ => (taps * inputs, outputs, pixels),
        };
    }

    private static int Phase(int length, int stride) => (length + stride - 1) / stride;
}
