using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>Limits on the extents that a header may state.</summary>
internal static class ImageLimits
{
    /// <summary>Refuses extents that no image of a data set has, before anything of that size is allocated.</summary>
    public static void Check(string format, string name, long width, long height)
    {
        if (width <= 0 || height <= 0)
            throw DataFile.Damaged(format, name, "a width and a height of at least 1", $"{width}x{height}");
        if (width > PixelImage.LargestSide || height > PixelImage.LargestSide || width * height > PixelImage.LargestArea)
        {
            throw new GpuCnnException(
                $"{format} {DataFile.Quote(name)}: expected sides of at most {PixelImage.LargestSide:N0} and at most " +
                $"{PixelImage.LargestArea:N0} pixels, but got {width}x{height}; " +
                "it is larger than any that is read: scale it down or remove it.");
        }
    }
}
