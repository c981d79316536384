namespace GpuCnn.Data;

/// <summary>What is scaled to what size, and which part of the result is wanted.</summary>
/// <param name="Crop">The part of the picture that is scaled, as if nothing were around it.</param>
/// <param name="FullWidth">Columns that all of the crop would have. A strip may have more than any picture.</param>
/// <param name="FullHeight">Rows that all of the crop would have.</param>
/// <param name="X">The first of the columns that are wanted.</param>
/// <param name="Y">The first of the rows that are wanted.</param>
/// <param name="Width">Columns that are wanted.</param>
/// <param name="Height">Rows that are wanted.</param>
public readonly record struct Scaling(Window Crop, long FullWidth, long FullHeight, long X, long Y, int Width, int Height)
{
    /// <summary>All of the crop, in another size.</summary>
    public static Scaling Of(Window crop, int width, int height) => new(crop, width, height, 0, 0, width, height);

    /// <summary>
    /// A picture scaled until its shorter side has <paramref name="shorter"/> pixels, of which a centre of <paramref name="width"/> by
    /// <paramref name="height"/> is wanted; both rounded as torchvision's Resize and CenterCrop do. The centre must fit.
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
    /// A picture scaled until it covers <paramref name="width"/> by <paramref name="height"/>, of which the centre is wanted.
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
