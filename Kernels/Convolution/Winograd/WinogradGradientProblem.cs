using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Sizes of a filter's gradient by Winograd's algorithm. At each point the gradient is a product of the transformed input and the
/// transformed output gradient, summed over all tiles.
/// </summary>
internal sealed class WinogradGradientProblem
{
    // Input and output channels of a chunk: few enough that its sums stay in a core's caches, many enough that few chunks transform the
    // same tiles again.
    private const int InputsPerChunk = 64, OutputsPerChunk = 128;

    // Tiles between two passes over the sums.
    private const int TilesPerPass = 64;

    private const int EnoughChunks = 8;

    /// <param name="shape">3x3 filters, stride 1, no groups.</param>
    /// <param name="tile">Rows and columns of a tile of the output: 2 or 4.</param>
    public WinogradGradientProblem(ConvolutionShape shape, int images, int tile, int vectorWidth)
    {
        Shape = shape;
        Tile = tile;
        Points = (tile + 2) * (tile + 2);
        Filter = new(1, shape.C, 1, shape.C, shape.K, vectorWidth);
        Tiles = new(shape, images, tile);
        ChannelsPerChunk = Math.Min(Blocks.RoundUp(shape.C), InputsPerChunk);
        ChannelChunks = (shape.C + ChannelsPerChunk - 1) / ChannelsPerChunk;
        StripsPerChunk = Math.Min(Filter.Strips.Length, OutputsPerChunk / (2 * vectorWidth));
        StripChunks = (Filter.Strips.Length + StripsPerChunk - 1) / StripsPerChunk;
        int chunks = ChannelChunks * StripChunks;
        Splits = Math.Clamp((EnoughChunks - 1 + chunks) / chunks, 1, Math.Max(1, Tiles.Count / TilesPerPass));
        int tiles = (Tiles.Count + Splits - 1) / Splits, passes = (tiles + TilesPerPass - 1) / TilesPerPass;
        TilesPerRun = (tiles + passes - 1) / passes;
        InputPlane = WinogradProblem.Apart(TilesPerRun * ChannelsPerChunk);
        OutputPitch = Math.Min(Blocks.RoundUp(shape.K), StripsPerChunk * 2 * vectorWidth);
        OutputPlane = WinogradProblem.Apart(TilesPerRun * OutputPitch);
        Rows = GC.AllocateUninitializedArray<int>(shape.C, pinned: true);
        for (int i = 0; i < Rows.Length; i++) Rows[i] = i;
    }

    public ConvolutionShape Shape { get; }

    public int Tile { get; }

    /// <summary>Number of values in a transformed tile.</summary>
    public int Points { get; }

    /// <summary>Layout of the gradient at one point.</summary>
    public FilterLayout Filter { get; }

    /// <summary>
    /// Number of parts that the tiles are split into, each with its own sum. It follows from the shapes alone, so that the order of
    /// summation is the same for any number of threads.
    /// </summary>
    public int Splits { get; }

    /// <summary>Number of floats in the sums: [Splits][Points][Filter.Count].</summary>
    public long PartsCount => (long)Splits * Points * Filter.Count;

    public int Chunks => Splits * ChannelChunks * StripChunks;

    /// <summary>Number of scratch floats that a chunk needs.</summary>
    public long ScratchFloats => (long)Points * (InputPlane + OutputPlane) + TileSource.PatchFloats + WinogradTransforms.ScratchFloats;

    internal TileGrid Tiles { get; }

    internal int ChannelsPerChunk { get; }

    internal int ChannelChunks { get; }

    internal int StripsPerChunk { get; }

    internal int StripChunks { get; }

    internal int TilesPerRun { get; }

    internal int InputPlane { get; }

    internal int OutputPitch { get; }

    internal int OutputPlane { get; }

    /// <summary>[C] Offset of each channel in a transformed tile; pinned.</summary>
    internal int[] Rows { get; }
}
