using GpuCnn.Data.Formats;
using GpuCnn.Engine;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Data;

/// <summary>
/// Image files of every format this assembly knows, one at a time. Whoever reads many has a <see cref="PictureDecoder"/>.
/// </summary>
public static class ImageFile
{
    private static readonly IReadOnlyList<IImageEncoder> Encoders = Registry.CreateAll<IImageEncoder>();

    /// <summary>Decoders do not become fewer while they are in use, and are kept for the next call on their thread.</summary>
    [ThreadStatic]
    private static PictureDecoder? _decoder;

    private static readonly HashSet<string> Readable = new(Decoder.Extensions, StringComparer.OrdinalIgnoreCase);

    /// <summary>Names of the formats that are read, for messages: "JPEG, PNG".</summary>
    public static string ReadableFormats { get; } = string.Join(", ", Decoder.Formats);

    /// <summary>Lower case, with the dot.</summary>
    internal static IEnumerable<string> ReadableExtensions => Readable;

    private static PictureDecoder Decoder => _decoder ??= new PictureDecoder();

    /// <summary>Whether a folder's listing takes the file for an image, by extension.</summary>
    public static bool HasReadableExtension(string path) => Readable.Contains(Path.GetExtension(path));

    /// <summary>Reads an image, upright; its content, not its extension, says which format it has.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, has no known format, or is damaged.</exception>
    public static PixelImage Read(string path)
    {
        Decoder.Open(path);
        return Decoder.Decode().ToImage();
    }

    /// <summary>Decodes the content of a file. <paramref name="name"/> is the path for messages.</summary>
    /// <exception cref="GpuCnnException">The content has no known format or is damaged.</exception>
    public static PixelImage Decode(ReadOnlySpan<byte> content, string name)
    {
        Decoder.Open(content, name);
        return Decoder.Decode().ToImage();
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
        byte[] content = encoder.Encode(image, extension);
        AtomicFile.Write(path, stream => stream.Write(content), content.Length);
    }
}
