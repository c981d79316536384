using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>The size of a data set's images.</summary>
/// <param name="Width">Columns; those of the median image if they differ.</param>
/// <param name="Height">Rows; those of the median image if they differ.</param>
/// <param name="Channels">3 if any image has color, otherwise 1.</param>
/// <param name="IsUniform">Whether all images looked at have this size.</param>
public readonly record struct NativeSize(int Width, int Height, int Channels, bool IsUniform)
{
    public override string ToString() => $"{(IsUniform ? "" : "about ")}{Width}x{Height} {(Channels == 1 ? "gray" : "RGB")}";

    /// <summary>
    /// Samples up to 32 images, evenly spaced, skipping those that cannot be read. If none can, <paramref name="unreadable"/> is the error
    /// and the size is empty.
    /// </summary>
    internal static NativeSize Sample(ImageSplit split, out GpuCnnException? unreadable)
    {
        const int Looks = 32;
        List<PixelImage> images = [];
        unreadable = null;
        int looks = Math.Min(Looks, split.Count);
        for (int i = 0; i < looks; i++)
        {
            try
            {
                images.Add(split.Read(split.Sample(i, looks)));
            }
            catch (GpuCnnException e)
            {
                unreadable ??= e;
            }
        }
        if (images.Count == 0) return default;
        unreadable = null;
        bool uniform = images.TrueForAll(image => image.Width == images[0].Width && image.Height == images[0].Height);
        int[] widths = [.. images.Select(image => image.Width).Order()], heights = [.. images.Select(image => image.Height).Order()];
        return new NativeSize(widths[widths.Length / 2], heights[heights.Length / 2], images.Max(image => image.Channels), uniform);
    }
}
