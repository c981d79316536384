namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Cuts a <see cref="PixelConvolution{TActivation}"/> into runs of pixels of a group of images, by strips of output channels. The cut
/// follows from the problem alone.
/// </summary>
internal readonly struct PixelChunks
{
    // Approximate multiply-adds in a chunk: few enough to balance threads, enough to make the overhead of a chunk negligible.
    private const long ChunkWork = 1 << 19;

    // A filter up to this size stays in a core's second-level cache beside the pixels that stream past it.
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

    /// <summary>Number of pixel runs in the whole batch.</summary>
    public int Runs { get; }

    public int StripsPerChunk { get; }

    /// <summary>Number of chunks in one run of pixels.</summary>
    public int StripChunks { get; }

    /// <summary>Returns how many images a map should group, so that they have enough pixels for a chunk.</summary>
    public static int ImagesPerGroup(int images, int pixelsPerImage, FilterLayout filter)
    {
        long group = Math.Clamp((WantedPixels(filter) + pixelsPerImage - 1) / pixelsPerImage, 1, images);
        // Groups of equal size: 65 images in groups of 64 would leave one image alone.
        long groups = (images + group - 1) / group;
        return (int)((images + groups - 1) / groups);
    }

    private static bool IsResident(FilterLayout filter) => 4L * filter.Count <= ResidentFilterBytes;

    private static long WantedPixels(FilterLayout filter) => IsResident(filter)
        ? Math.Max(4 * PixelStrip.TileMultiple, ChunkWork / Math.Max(1, (long)filter.Rows * filter.Outputs))
        : 16 * PixelStrip.TileMultiple;
}
