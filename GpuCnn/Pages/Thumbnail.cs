using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Data.Formats;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;

namespace GpuCnn.Pages;

/// <summary>Pictures within a page, as data.</summary>
internal static class Thumbnail
{
    /// <summary>Longest side of most thumbnails: twice that of a page's, for fine screens.</summary>
    public const int Side = 112;

    /// <summary>Pictures up to this area are kept exactly; a page shows their pixels as squares.</summary>
    private const int ExactArea = 48 * 48;

    private const int Quality = 80;

    private static readonly Configuration Configuration = new(new JpegConfigurationModule()) { MaxDegreeOfParallelism = 1 };

    /// <summary>An element that shows a picture, scaled down to <paramref name="side"/>.</summary>
    /// <param name="description">What it shows, for those who do not see it.</param>
    public static XElement Of(PixelImage image, string description, int side = Side) => Exact(Fitted(image, side), description);

    /// <summary>An element that shows each pixel of a picture as a square, and is scaled up to at most <paramref name="widest"/>.</summary>
    public static XElement Pixels(PixelImage image, string description, int widest) => new("img",
        new XAttribute("src", Png(image)), new XAttribute("alt", description), Html.Class("pixels"),
        new XAttribute("style", FormattableString.Invariant(
            $"width:{Math.Min(widest, image.Width * 8)}px;max-width:100%;aspect-ratio:{image.Width}/{image.Height}")));

    /// <summary>An element that shows a picture in its own size.</summary>
    public static XElement Exact(PixelImage image, string description) => new("img",
        new XAttribute("src", DataUri(image)), new XAttribute("alt", description), new XAttribute("title", description),
        new XAttribute("width", image.Width), new XAttribute("height", image.Height), IsSmall(image) ? Html.Class("pixels") : null);

    /// <summary>A picture as an address: PNG where it is small, else JPEG.</summary>
    public static string DataUri(PixelImage image) => IsSmall(image)
        ? Png(image)
        : "data:image/jpeg;base64," + Convert.ToBase64String(Jpeg(image));

    /// <summary>A picture scaled down so that its longer side is at most <paramref name="side"/>.</summary>
    public static PixelImage Fitted(PixelImage image, int side)
    {
        double scale = (double)side / Math.Max(image.Width, image.Height);
        return scale >= 1 ? image
            : image.Resize(Math.Max(1, (int)Math.Round(image.Width * scale)), Math.Max(1, (int)Math.Round(image.Height * scale)));
    }

    private static bool IsSmall(PixelImage image) => image.Width * image.Height <= ExactArea;

    private static string Png(PixelImage image) =>
        "data:image/png;base64," + Convert.ToBase64String(new PngWriter().Encode(image, ".png"));

    private static byte[] Jpeg(PixelImage image)
    {
        using var pixels = Image.LoadPixelData<Rgb24>(Configuration, image.ToRgb().Pixels, image.Width, image.Height);
        using var file = new MemoryStream();
        new JpegEncoder { Quality = Quality, ColorType = image.Channels == 1 ? JpegColorType.Luminance : null }.Encode(pixels, file);
        return file.ToArray();
    }
}
