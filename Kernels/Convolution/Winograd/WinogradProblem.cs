using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// What a <see cref="WinogradConvolution{TActivation}"/> reads and writes apart from its buffers: a convolution by 3x3 filters with stride 1 over channel blocks, whose
/// output is computed in tiles. Made once, when a plan is compiled.
/// </summary>
public sealed class WinogradProblem
{
    public static int TilesTarget = int.Parse(Environment.GetEnvironmentVariable("WT") ?? "48");
    public static int StripTarget = int.Parse(Environment.GetEnvironmentVariable("WS") ?? "100000");

    /// <param name="shape">3x3 filters, stride 1, no groups.</param>
    /// <param name="tile">Rows and columns of a tile of the output: 2 or 4.</param>
    /// <param name="outputImageStride">Floats between two images of the output.</param>
    public WinogradProblem(ConvolutionShape shape, int images, int tile, int vectorWidth, int outputImageStride)
    {
        Shape = shape;
        Images = images;
        Tile = tile;
        OutputImageStride = outputImageStride;
        Points = (tile + 2) * (tile + 2);
        Filter = new FilterLayout(1, shape.C, 1, shape.C, shape.K, vectorWidth);
        TileColumns = (shape.OutputWidth + tile - 1) / tile;
        TilesPerImage = (shape.OutputHeight + tile - 1) / tile * TileColumns;
        Tiles = checked(images * TilesPerImage);
        TileChunks = Math.Max(1, (Tiles + TilesTarget - 1) / TilesTarget);
        TilesPerChunk = (Tiles + TileChunks - 1) / TileChunks;
        StripsPerChunk = Math.Clamp(StripTarget / (2 * vectorWidth), 1, Filter.Strips.Length);
        StripChunks = (Filter.Strips.Length + StripsPerChunk - 1) / StripsPerChunk;
        InputPitch = Blocks.RoundUp(shape.C);
        OutputPitch = Blocks.RoundUp(shape.K);
        Inputs = Offsets(InputPitch);
        Outputs = Offsets(OutputPitch);
    }

    public ConvolutionShape Shape { get; }

    public int Images { get; }

    public int Tile { get; }

    public int OutputImageStride { get; }

    /// <summary>Values of a transformed tile.</summary>
    public int Points { get; }

    /// <summary>Layout of the transformed filter at one point.</summary>
    public FilterLayout Filter { get; }

    public int TileColumns { get; }

    public int TilesPerImage { get; }

    /// <summary>Of the whole batch.</summary>
    public int Tiles { get; }

    public int TilesPerChunk { get; }

    public int TileChunks { get; }

    public int StripsPerChunk { get; }

    public int StripChunks { get; }

    public int InputPitch { get; }

    public int OutputPitch { get; }

    /// <summary>Offsets of a chunk's tiles at one point.</summary>
    public int[] Inputs { get; }

    public int[] Outputs { get; }

    // Apart by an odd number of cache lines, lest the points of a tile compete for the same places in the caches.
    public int InputPlane => Odd(TilesPerChunk * InputPitch);

    public int OutputPlane => Odd(TilesPerChunk * OutputPitch);

    private static int Odd(int floats) => ((floats + 15) / 16 | 1) * 16;

    /// <summary>Floats of the transformed filter.</summary>
    public long FilterCount => (long)Points * Filter.Count;

    /// <summary>Floats that a thread needs while it computes a chunk.</summary>
    public long ScratchFloats => (long)Points * (InputPlane + OutputPlane) + PatchFloats + WinogradTransforms.ScratchFloats;

    internal int PatchFloats => Points * 16;

    private int[] Offsets(int pitch)
    {
        int[] offsets = GC.AllocateUninitializedArray<int>(TilesPerChunk, pinned: true);
        for (int i = 0; i < offsets.Length; i++) offsets[i] = i * pitch;
        return offsets;
    }
}
