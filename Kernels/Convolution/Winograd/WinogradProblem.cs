using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Sizes of a <see cref="WinogradConvolution{TActivation}"/>, without its buffers: a convolution with 3x3 filters and stride 1 over channel
/// blocks, whose output is computed in tiles. Made once, when a plan is compiled.
/// </summary>
internal sealed class WinogradProblem
{
    // Tiles in a chunk: few enough to stay in the second-level cache between the steps, and a multiple of every tile of the products.
    private const int TilesPerProduct = PixelStrip.TileMultiple;

    // With more output channels a chunk reads its filter from memory again and again. Transforming the input once more for each such part
    // costs less.
    private const int OutputsPerChunk = 128;

    /// <param name="shape">3x3 filters, stride 1, no groups. Negative padding leaves out pixels.</param>
    /// <param name="tile">Rows and columns of an output tile: 2 or 4.</param>
    /// <param name="outputImage">Floats between two images of the output.</param>
    public WinogradProblem(ConvolutionShape shape, int images, int tile, int vectorWidth, int outputImage)
    {
        if (!Fits(shape))
            throw new ArgumentException(
                $"Winograd's algorithm computes 3x3 filters with stride 1 in one group, but got {shape}; take the direct algorithm.",
                nameof(shape));
        if (tile is not (2 or 4))
            throw new ArgumentOutOfRangeException(nameof(tile), tile, $"An output tile has 2 or 4 rows, but got {tile}.");
        Shape = shape;
        Tile = tile;
        OutputImage = outputImage;
        Points = (tile + 2) * (tile + 2);
        Filter = new(1, shape.C, 1, shape.C, shape.K, vectorWidth);
        Tiles = new(shape, images, tile);
        TilesPerChunk = Math.Min(Tiles.Count, TilesPerProduct);
        TileChunks = (Tiles.Count + TilesPerChunk - 1) / TilesPerChunk;
        StripsPerChunk = Math.Min(Filter.Strips.Length, OutputsPerChunk / (2 * vectorWidth));
        StripChunks = (Filter.Strips.Length + StripsPerChunk - 1) / StripsPerChunk;
        InputPitch = Blocks.RoundUp(shape.C);
        OutputPitch = Blocks.RoundUp(shape.K);
        InputPlane = Apart(TilesPerChunk * InputPitch);
        OutputPlane = Apart(TilesPerChunk * OutputPitch);
        Inputs = Offsets(InputPitch);
        Outputs = Offsets(OutputPitch);
    }

    public ConvolutionShape Shape { get; }

    public int Tile { get; }

    public int OutputImage { get; }

    /// <summary>Number of values in a transformed tile.</summary>
    public int Points { get; }

    /// <summary>Layout of the transformed filter at one point.</summary>
    public FilterLayout Filter { get; }

    /// <summary>Number of floats in the transformed filter: [Points][Filter.Count].</summary>
    public long FilterCount => (long)Points * Filter.Count;

    /// <summary>Number of parts that the work is divided into.</summary>
    public int Chunks => TileChunks * StripChunks;

    /// <summary>Number of parts of the batch whose moments are gathered separately.</summary>
    public int MomentParts => TileChunks;

    /// <summary>Number of scratch floats that a chunk needs.</summary>
    public long ScratchFloats => (long)Points * (InputPlane + OutputPlane) + TileSource.PatchFloats + WinogradTransforms.ScratchFloats;

    internal TileGrid Tiles { get; }

    internal int TilesPerChunk { get; }

    internal int TileChunks { get; }

    internal int StripsPerChunk { get; }

    internal int StripChunks { get; }

    /// <summary>Floats between two tiles at one point of the transformed input.</summary>
    internal int InputPitch { get; }

    /// <summary>Floats between two points of the transformed input.</summary>
    internal int InputPlane { get; }

    /// <summary>Floats between two tiles at one point of the products, which are transformed back.</summary>
    internal int OutputPitch { get; }

    /// <summary>Floats between two points of the products.</summary>
    internal int OutputPlane { get; }

    /// <summary>[TilesPerChunk] Offset of each tile at a point of the transformed input; pinned.</summary>
    internal int[] Inputs { get; }

    /// <summary>[TilesPerChunk] Offset of each tile at a point of the products; pinned.</summary>
    internal int[] Outputs { get; }

    /// <summary>Returns whether Winograd's algorithm can compute the convolution.</summary>
    public static bool Fits(ConvolutionShape shape) => shape is { R: 3, S: 3, StrideH: 1, StrideW: 1, Groups: 1 };

    /// <summary>
    /// Rounds up to an odd number of cache lines. Otherwise the points of a tile, one plane apart, would compete for the same places in a
    /// cache.
    /// </summary>
    internal static int Apart(int floats) => ((floats + 15) / 16 | 1) * 16;

    private int[] Offsets(int pitch)
    {
        int[] offsets = GC.AllocateUninitializedArray<int>(TilesPerChunk, pinned: true);
        for (int i = 0; i < offsets.Length; i++) offsets[i] = i * pitch;
        return offsets;
    }
}
