using GpuCnn.Data.Formats;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Image files of every format this assembly knows.</summary>
public static class ImageFile
{
    private static readonly IReadOnlyList<IImageDecoder> Decoders = Catalog.Of<IImageDecoder>();
    private static readonly IReadOnlyList<IImageEncoder> Encoders = Catalog.Of<IImageEncoder>();
    private static readonly HashSet<string> Readable = new(Decoders.SelectMany(d => d.Extensions), StringComparer.OrdinalIgnoreCase);

    /// <summary>Names of the formats that are read, for messages: "PNG, PNM".</summary>
    public static string ReadableFormats => string.Join(", ", Decoders.Select(d => d.Format));

    /// <summary>Whether a folder's listing takes the file for an image, by extension.</summary>
    public static bool HasReadableExtension(string path) => Readable.Contains(Path.GetExtension(path));

    /// <summary>Reads an image; its content, not its extension, says which format it has.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, has no known format, or is damaged.</exception>
    public static PixelImage Read(string path) => Decode(DataFile.ReadAllBytes(path), path);

    /// <summary>Decodes the content of a file. <paramref name="name"/> is the path for messages.</summary>
    /// <exception cref="GpuCnnException">The content has no known format or is damaged.</exception>
    public static PixelImage Decode(byte[] content, string name)
    {
        foreach (IImageDecoder decoder in Decoders)
            if (decoder.Matches(content)) return decoder.Decode(content, name);
        string got = content.Length == 0 ? "an empty file" : Guess(content);
        throw new GpuCnnException(
            $"Image {DataFile.Quote(name)}: expected one of {ReadableFormats}, but got {got}; convert it to PNG or remove it.");
    }

    /// <summary>Writes an image in the format of the path's extension.</summary>
    /// <exception cref="GpuCnnException">The extension is unknown, or the file cannot be written.</exception>
    public static void Write(string path, PixelImage image)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        IImageEncoder encoder = Encoders.FirstOrDefault(e => e.Extensions.Contains(extension))
            ?? throw new GpuCnnException(
                $"Cannot write {DataFile.Quote(path)}: " +
                $"expected an extension of {string.Join(", ", Encoders.SelectMany(e => e.Extensions))}, " +
                $"but got {DataFile.Quote(extension)}; choose one of these.");
        DataFile.WriteAllBytes(path, encoder.Encode(image, extension));
    }

    private static string Guess(ReadOnlySpan<byte> content) => content switch
    {
        [0xFF, 0xD8, 0xFF, ..] => "a JPEG file",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "a GIF file",
        [(byte)'B', (byte)'M', ..] => "a BMP file",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "a WebP file",
        [0x1F, 0x8B, ..] => "a gzip file",
        _ => $"a file that begins with the bytes {Convert.ToHexString(content[..Math.Min(8, content.Length)])}",
    };
}
