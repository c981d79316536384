using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.MatrixProduct;

namespace GpuCnn.Kernels.Convolution.Gpu;

/// <summary>Algorithm by which a GPU computes a convolution.</summary>
public enum ConvolutionAlgorithm
{
    /// <summary>Matrix product whose rows are gathered from the input while it runs.</summary>
    ImplicitGemm,

    /// <summary>Windows are written out, and a plain matrix product reads them.</summary>
    Im2Col,

    /// <summary>Plain matrix product, for 1x1 filters with stride 1 and no padding, whose windows are the pixels of the input.</summary>
    Gemm,
}

/// <summary>Algorithm with the tile of its matrix product, or with the device's library, which has no tile.</summary>
public readonly record struct ConvolutionChoice(ConvolutionAlgorithm Algorithm, TileShape Tile, bool ByLibrary = false)
{
    /// <summary>Returns the name that is printed and kept in files: <c>implicit GEMM 64x64x16</c>, <c>im2col + cuBLAS</c>,
    /// <c>implicit GEMM 128x128x32 3xtf32</c>.</summary>
    public override string ToString() => Algorithm switch
    {
        ConvolutionAlgorithm.ImplicitGemm => $"implicit {Product}",
        ConvolutionAlgorithm.Im2Col => $"im2col + {Product}",
        _ => $"{Product}",
    };

    private ProductChoice Product => new(Tile, ByLibrary);

    /// <summary>Chooses by the sizes alone, the same on every device.</summary>
    /// <param name="factors">What is multiplied where the shape allows it (<see cref="Takes"/>); else float32.</param>
    public static ConvolutionChoice For(
        ConvolutionShape shape, int images, ConvolutionPass pass, FactorType factors = FactorType.Float32)
    {
        if (!Takes(shape, pass, factors)) factors = FactorType.Float32;
        (int rows, int columns, int depth) = ProductSizes(shape, images, pass, factors);
        TileShape tile = TileChoice.For(
            rows, columns, depth, shape.Groups, canSplit: pass == ConvolutionPass.FilterGradient, factors);
        return new(IsPointwise(shape) ? ConvolutionAlgorithm.Gemm : ConvolutionAlgorithm.ImplicitGemm, tile);
    }

    /// <summary>Lists the choices that may be worth timing. They all give the same result up to the order of summation.</summary>
    /// <param name="withLibrary">Whether the device has a library for matrix products.</param>
    /// <param name="factors">As in <see cref="For"/>.</param>
    /// <param name="withUnits">Whether the device has matrix units that may multiply float32.</param>
    public static IReadOnlyList<ConvolutionChoice> Candidates(
        ConvolutionShape shape, int images, ConvolutionPass pass, bool withLibrary = false, FactorType factors = FactorType.Float32,
        bool withUnits = false)
    {
        (int rows, int columns, _) = ProductSizes(shape, images, pass, FactorType.Float32);
        ConvolutionAlgorithm[] algorithms =
            IsPointwise(shape) ? [ConvolutionAlgorithm.Gemm] : [ConvolutionAlgorithm.ImplicitGemm, ConvolutionAlgorithm.Im2Col];
        IEnumerable<ConvolutionChoice> tiles = algorithms.SelectMany(algorithm =>
            TileChoice.Candidates(rows, columns).Select(tile => new ConvolutionChoice(algorithm, tile)));
        if (factors != FactorType.Float32 && Takes(shape, pass, factors))
        {
            (int unitRows, int unitColumns, _) = ProductSizes(shape, images, pass, factors);
            tiles = TileChoice.Candidates(unitRows, unitColumns, factors).Where(tile => tile.Factors == factors)
                .Select(tile => new ConvolutionChoice(algorithms[0], tile)).Concat(tiles);
        }
        // Every way to multiply float32 by units loads and packs the same.
        if (withUnits && Takes(shape, pass, FactorType.SplitTF32))
        {
            (int unitRows, int unitColumns, int depth) = ProductSizes(shape, images, pass, FactorType.SplitTF32);
            // Some phases of the stride have the fewest taps.
            if (pass == ConvolutionPass.InputGradient)
                depth = Math.Max(1, shape.R / shape.StrideH) * Math.Max(1, shape.S / shape.StrideW) * shape.K;
            tiles = tiles.Concat(
                TileChoice.UnitCandidates(unitRows, unitColumns, depth).Select(tile => new ConvolutionChoice(algorithms[0], tile)));
        }
        return withLibrary ? [.. tiles, new(algorithms[^1], default, ByLibrary: true)] : [.. tiles];
    }

    /// <summary>
    /// Returns whether a pass can multiply such factors: by matrix units only without groups, and if what they load is whole runs of 16
    /// bytes. Windows become such by a packed copy (<see cref="PackedTaps"/>).
    /// </summary>
    internal static bool Takes(ConvolutionShape shape, ConvolutionPass pass, FactorType factors)
    {
        if (factors == FactorType.Float32) return true;
        int run = factors.PerLoad();
        return shape.Groups == 1 && shape.K % run == 0
            && (pass == ConvolutionPass.InputGradient || shape.C % run == 0 || !IsPointwise(shape));
    }

    /// <summary>
    /// Returns whether a pass can multiply bfloat16 though its input is stored as floats: a packed copy is rounded.
    /// </summary>
    internal static bool RoundsInput(ConvolutionShape shape, ConvolutionPass pass) =>
        pass != ConvolutionPass.InputGradient && !IsPointwise(shape) && Takes(shape, pass, FactorType.BFloat16);

    /// <summary>Returns whether the windows of a convolution are the pixels of its input.</summary>
    internal static bool IsPointwise(ConvolutionShape shape) => shape is { R: 1, S: 1, StrideH: 1, StrideW: 1, PadH: 0, PadW: 0 };

    /// <param name="isBFloat16">Whether the volume that the product's rows come from is stored as bfloat16.</param>
    internal void Check(ConvolutionShape shape, ConvolutionPass pass, bool isBFloat16)
    {
        bool isRounded = !isBFloat16 && Tile.Factors == FactorType.BFloat16 && RoundsInput(shape, pass);
        if (Tile.Factors != FactorType.Float32 && isBFloat16 != (Tile.Factors == FactorType.BFloat16) && !isRounded)
            throw new ArgumentException(
                $"{this} multiplies volumes of {Tile.Factors}, but got {(isBFloat16 ? "bfloat16" : "floats")}; take a tile of "
                + $"{FactorType.Float32}.");
        if (!Takes(shape, pass, Tile.Factors))
            throw new ArgumentException(
                $"Matrix units load whole runs of {Tile.Factors.PerLoad()} channels of one group, but got {shape} ({pass}, {this}); take a "
                + $"tile of {FactorType.Float32}.");
        if (Algorithm == ConvolutionAlgorithm.Gemm && !IsPointwise(shape))
            throw new ArgumentException(
                $"{Algorithm} computes a convolution with 1x1 filters, stride 1 and no padding, but got {shape}; "
                + $"take {nameof(ConvolutionAlgorithm.ImplicitGemm)}.");
        if (Algorithm == ConvolutionAlgorithm.ImplicitGemm && ByLibrary)
            throw new ArgumentException(
                $"A library reads matrices from memory, but got {Algorithm}; take {nameof(ConvolutionAlgorithm.Im2Col)}.");
    }

    /// <summary>Returns the layout of the copy of the input that matrix units read, or null if they read the input as it is.</summary>
    /// <param name="isBFloat16">Whether the input is stored as bfloat16.</param>
    internal PackedTaps? Pack(ConvolutionShape shape, bool isBFloat16) =>
        Algorithm == ConvolutionAlgorithm.ImplicitGemm && Tile.Factors != FactorType.Float32
            && (shape.C % Tile.Factors.PerLoad() != 0 || isBFloat16 != (Tile.Factors == FactorType.BFloat16))
                ? new(shape, Tile.Factors)
                : null;

    /// <summary>
    /// Returns the rows, columns and depth of a group's matrix product, or of one phase of the stride for an input gradient.
    /// </summary>
    /// <param name="factors">What the pass multiplies.</param>
    private static (int Rows, int Columns, int Depth) ProductSizes(
        ConvolutionShape shape, int images, ConvolutionPass pass, FactorType factors)
    {
        int inputs = shape.C / shape.Groups, outputs = shape.K / shape.Groups;
        int pixels = images * shape.OutputArea, taps = shape.R * shape.S;
        return pass switch
        {
            ConvolutionPass.Forward => (pixels, outputs, taps * inputs),
            ConvolutionPass.InputGradient =>
                (images * Phase(shape.H, shape.StrideH) * Phase(shape.W, shape.StrideW), inputs, taps * outputs),
            _ => (WindowValues(shape, factors), outputs, pixels),
        };
    }

    /// <summary>Returns the values of a group's window, with those that are padding for matrix units.</summary>
    private static int WindowValues(ConvolutionShape shape, FactorType factors) => factors == FactorType.Float32
        ? shape.R * shape.S * (shape.C / shape.Groups)
        : new PackedTaps(shape, factors).WindowValues;

    private static int Phase(int length, int stride) => (length + stride - 1) / stride;
}
