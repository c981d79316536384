using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// What a <see cref="WinogradConvolution{TActivation}"/> reads and writes apart from its buffers: a convolution by 3x3 filters with stride 1 over channel blocks, whose output is
/// computed in tiles. Made once, when a plan is compiled.
/// </summary>
public sealed class WinogradProblem
{
    // Tiles of a chunk: few enough that they stay in the second-level cache between the steps, as many as the kinds of tile of the products divide.
    private const int TilesPerProduct = PixelStrip.TileMultiple;

    // Above so many output channels the filter of a chunk comes from memory again and again; transforming the input for each such part costs less.
    private const int OutputsPerChunk = 128;

    /// <param name="shape">3x3 filters, stride 1, no groups; padding below 0 leaves out pixels.</param>
    /// <param name="tile">Rows and columns of a tile of the output: 2 or 4.</param>
    /// <param name="outputImage">Floats between two images of the output.</param>
    public WinogradProblem(ConvolutionShape shape, int images, int tile, int vectorWidth, int outputImage)
    {
        if (!Fits(shape)) throw new ArgumentException($"Winograd's algorithm is for filters of 3x3 with stride 1 in one group, but got {shape}.", nameof(shape));
        if (tile is not (2 or 4)) throw new ArgumentOutOfRangeException(nameof(tile), tile, "A tile of the output has 2 or 4 rows.");
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

    /// <summary>Values of a transformed tile.</summary>
    public int Points { get; }

    /// <summary>Layout of the transformed filter at one point.</summary>
    public FilterLayout Filter { get; }

    /// <summary>Floats of the transformed filter: [Points][Filter.Count].</summary>
    public long FilterCount => (long)Points * Filter.Count;

    /// <summary>Parts that the work is divided into.</summary>
    public int Chunks => TileChunks * StripChunks;

    /// <summary>Parts of the batch that moments are gathered of.</summary>
    public int MomentParts => TileChunks;

    /// <summary>Floats that a chunk needs while it is computed.</summary>
    public long ScratchFloats => (long)Points * (InputPlane + OutputPlane) + TileSource.PatchFloats + WinogradTransforms.ScratchFloats;

    internal TileGrid Tiles { get; }

    internal int TilesPerChunk { get; }

    internal int TileChunks { get; }

    internal int StripsPerChunk { get; }

    internal int StripChunks { get; }

    /// <summary>Floats between two tiles at one point, and between two points, of the transformed input.</summary>
    internal int InputPitch { get; }

    internal int InputPlane { get; }

    /// <summary>The same of what is transformed back.</summary>
    internal int OutputPitch { get; }

    internal int OutputPlane { get; }

    /// <summary>[TilesPerChunk] offset of each tile at a point; pinned.</summary>
    internal int[] Inputs { get; }

    internal int[] Outputs { get; }

    /// <summary>Whether Winograd's algorithm is for such filters.</summary>
    public static bool Fits(ConvolutionShape shape) => shape is { R: 3, S: 3, StrideH: 1, StrideW: 1, Groups: 1 };

    /// <summary>An odd number of cache lines: the points of a tile, a plane apart, would else compete for the same places in a cache.</summary>
    internal static int Apart(int floats) => ((floats + 15) / 16 | 1) * 16;

    private int[] Offsets(int pitch)
    {
        int[] offsets = GC.AllocateUninitializedArray<int>(TilesPerChunk, pinned: true);
        for (int i = 0; i < offsets.Length; i++) offsets[i] = i * pitch;
        return offsets;
    }
}
