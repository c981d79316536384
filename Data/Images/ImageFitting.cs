using GpuCnn.Engine.Datasets;

namespace GpuCnn.Data;

/// <summary>Brings an image of any size to the size of a network's input.</summary>
internal static class ImageFitting
{
    /// <summary>
    /// <see cref="ImageFit.Resize"/> scales until the shorter side fits, then crops the center, both rounded as torchvision's Resize and
    /// CenterCrop do. <see cref="ImageFit.Pad"/> centers the image on black, after scaling a larger image down until all of it fits.
    /// </summary>
    public static PixelImage FitTo(this PixelImage image, int width, int height, ImageFit fit) => fit switch
    {
        ImageFit.Pad => Pad(image, width, height),
        ImageFit.Resize => Cover(image, width, height),
        _ => throw new ArgumentOutOfRangeException(nameof(fit), fit, "Expected Resize or Pad."),
    };

    private static PixelImage Cover(PixelImage image, int width, int height) =>
        image.Width == width && image.Height == height ? image : image.Resize(Scaling.Cover(image.Width, image.Height, width, height));

    private static PixelImage Pad(PixelImage image, int width, int height)
    {
        if (image.Width > width || image.Height > height)
        {
            bool widthDecides = (long)image.Width * height >= (long)image.Height * width;
            image = image.Resize(
                widthDecides ? width : (int)Math.Max(1, (long)image.Width * height / image.Height),
                widthDecides ? (int)Math.Max(1, (long)image.Height * width / image.Width) : height);
        }
        if (image.Width == width && image.Height == height) return image;
        return image.Window(-((width - image.Width) / 2), -((height - image.Height) / 2), width, height);
    }
}
