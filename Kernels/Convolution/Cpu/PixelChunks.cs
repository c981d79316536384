namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>How a <see cref="PixelConvolution{TActivation}"/> is cut: runs of pixels of a group of images, by strips of output channels. Follows from the problem alone.</summary>
internal readonly struct PixelChunks
{
    // A chunk is worth about this many multiply-adds: small enough to share, large enough not to notice the sharing.
    private const long ChunkWork = 1 << 19;

    // A filter up to this size stays in a core's second-level cache beside the pixels that pass it.
    private const long ResidentFilterBytes = 512 << 10;

    public PixelChunks(PixelProblem problem)
    {
        PixelMap map = problem.Map;
        FilterLayout filter = problem.Filter;
        int imageGroups = (problem.Images + map.ImagesPerGroup - 1) / map.ImagesPerGroup;
        int groupPixels = map.ImagesPerGroup * map.PixelsPerImage;
        int runs = (int)Math.Max(1, groupPixels / WantedPixels(filter));
        PixelsPerRun = ((groupPixels + runs - 1) / runs + PixelStrip.TileMultiple - 1) / PixelStrip.TileMultiple * PixelStrip.TileMultiple;
        RunsPerGroup = (groupPixels + PixelsPerRun - 1) / PixelsPerRun;
        Runs = imageGroups * RunsPerGroup;
        StripsPerChunk = IsResident(filter) && Runs >= 8 ? filter.Strips.Length : 1;
        StripChunks = (filter.Strips.Length + StripsPerChunk - 1) / StripsPerChunk;
    }

    public int PixelsPerRun { get; }

    public int RunsPerGroup { get; }

    /// <summary>Runs of pixels of the whole batch.</summary>
    public int Runs { get; }

    public int StripsPerChunk { get; }

    /// <summary>Chunks of one run of pixels.</summary>
    public int StripChunks { get; }

    /// <summary>Images that a map should group: enough pixels for a chunk's work.</summary>
    public static int ImagesPerGroup(int images, int pixelsPerImage, FilterLayout filter)
    {
        long group = Math.Clamp((WantedPixels(filter) + pixelsPerImage - 1) / pixelsPerImage, 1, images);
        // Even groups: 65 images in groups of 64 would leave one image alone.
        long groups = (images + group - 1) / group;
        return (int)((images + groups - 1) / groups);
    }

    private static bool IsResident(FilterLayout filter) => 4L * filter.Count <= ResidentFilterBytes;

    private static long WantedPixels(FilterLayout filter) => IsResident(filter)
        ? Math.Max(4 * PixelStrip.TileMultiple, ChunkWork / Math.Max(1, (long)filter.Rows * filter.Outputs))
        : 16 * PixelStrip.TileMultiple;
}
