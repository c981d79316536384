using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Tests.Kernels;

/// <summary>Kernels of products in tiles, of sizes that are multiples of 4, to read their text.</summary>
internal static class ProductKernels
{
    public static Gemm<Identity> Matrix(
        TileShape tile, bool transposeA = false, bool transposeB = false, bool addBias = false, bool gathers = false,
        bool isBFloat16 = false, bool gathersGradients = false) => new(
            tile.M, tile.N, tile.K, tile.PerM, tile.PerN, transposeA, transposeB, true, true, true, addBias, false, gathers,
            isBFloat16, isBFloat16, isBFloat16, gathersGradients, isBFloat16, default, default, default, default, default, default, default,
            default, default, default, default);

    /// <summary>Forward, with bias and ReLU.</summary>
    public static ConvolutionProduct<ReLU> Forward(TileShape tile, bool isBFloat16 = false) => new(
        tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, true, true, true, true, false, false, isBFloat16, isBFloat16,
        false, false, default, default, default, default, default, default, default, default, default, default);

    /// <summary>Forward, with the moments of the result.</summary>
    public static ConvolutionProduct<Identity> Gathering(TileShape tile, bool isBFloat16 = false) => new(
        tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, true, true, true, false, false, true, isBFloat16, isBFloat16,
        false, false, default, default, default, default, default, default, default, default, default, default);

    /// <param name="gathersGradients">Whether the result goes through a ReLU and the sums of a norm's gradient are gathered.</param>
    public static ConvolutionProduct<ReLU> InputGradient(TileShape tile, bool isBFloat16 = false, bool gathersGradients = false) => new(
        tile.M, tile.N, tile.K, tile.PerM, tile.PerN, true, true, true, true, false, false, false, isBFloat16, isBFloat16,
        gathersGradients, isBFloat16, default, default, default, default, default, default, default, default, default, default);

    public static FilterGradientProduct FilterGradient(TileShape tile, bool isBFloat16 = false) => new(
        tile.M, tile.N, tile.K, tile.PerM, tile.PerN, true, true, false, isBFloat16, isBFloat16, default, default, default, default);
}
