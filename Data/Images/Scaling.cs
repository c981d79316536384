namespace GpuCnn.Data;

/// <summary>A part of a picture, the size to scale it to, and the part of the result to compute.</summary>
/// <param name="Crop">The part of the picture to scale, as if nothing were around it.</param>
/// <param name="FullWidth">Columns of the whole scaled crop. A narrow strip may scale to more than any picture has.</param>
/// <param name="FullHeight">Rows of the whole scaled crop.</param>
/// <param name="X">First column to compute.</param>
/// <param name="Y">First row to compute.</param>
/// <param name="Width">Columns to compute.</param>
/// <param name="Height">Rows to compute.</param>
public readonly record struct Scaling(Window Crop, long FullWidth, long FullHeight, long X, long Y, int Width, int Height)
{
    /// <summary>Scales all of the crop to another size.</summary>
    public static Scaling Of(Window crop, int width, int height) => new(crop, width, height, 0, 0, width, height);

    /// <summary>
    /// Scales a picture until its shorter side has <paramref name="shorter"/> pixels, and takes a center of <paramref name="width"/> by
    /// <paramref name="height"/>, both rounded as torchvision's Resize and CenterCrop do. The center must fit.
    /// </summary>
    public static Scaling Centre(int pictureWidth, int pictureHeight, int shorter, int width, int height)
    {
        long fullWidth = pictureWidth <= pictureHeight ? shorter : (long)shorter * pictureWidth / pictureHeight;
        long fullHeight = pictureWidth <= pictureHeight ? (long)shorter * pictureHeight / pictureWidth : shorter;
        return new Scaling(
            Window.Whole(pictureWidth, pictureHeight), fullWidth, fullHeight,
            Half(fullWidth - width), Half(fullHeight - height), width, height);
    }

    /// <summary>
    /// Scales a picture until it covers <paramref name="width"/> by <paramref name="height"/>, and takes its center.
    /// </summary>
    public static Scaling Cover(int pictureWidth, int pictureHeight, int width, int height)
    {
        bool widthDecides = (long)pictureWidth * height <= (long)pictureHeight * width;
        long fullWidth = widthDecides ? width : (long)pictureWidth * height / pictureHeight;
        long fullHeight = widthDecides ? (long)pictureHeight * width / pictureWidth : height;
        return new Scaling(
            Window.Whole(pictureWidth, pictureHeight), fullWidth, fullHeight,
            Half(fullWidth - width), Half(fullHeight - height), width, height);
    }

    /// <summary>Half of the excess, halves to even.</summary>
    private static long Half(long excess) => (long)Math.Round(excess / 2.0);
}
