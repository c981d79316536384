using System.Text;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Writes PGM (P5) and PPM (P6) with a maximum of 255. The extension decides: .pgm is gray, .ppm is RGB, .pnm keeps the image's channels.
/// </summary>
internal sealed class PnmWriter : IImageEncoder
{
    public IReadOnlyList<string> Extensions => [".pgm", ".ppm", ".pnm"];

    public byte[] Encode(PixelImage image, string extension)
    {
        PixelImage written = extension switch { ".pgm" => image.ToGray(), ".ppm" => image.ToRgb(), _ => image };
        string header = $"P{(written.Channels == 1 ? 5 : 6)}\n{written.Width} {written.Height}\n255\n";
        return [.. Encoding.ASCII.GetBytes(header), .. written.Pixels];
    }
}
