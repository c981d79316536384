using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Reads one image format. Every class with a parameterless constructor that implements it is in use, in this assembly and in the
/// program's own: a format is added by adding a file. An instance belongs to one thread, and may keep memory and header data for the
/// next call.
/// </summary>
public interface IImageDecoder : IDisposable
{
    /// <summary>The format's common name.</summary>
    string Format { get; }

    /// <summary>Lower case, with the dot. They select the image files of a folder; they do not decide how a file is decoded.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>Whether the file has this format, judging by its first bytes (all bytes of a short file).</summary>
    bool Matches(ReadOnlySpan<byte> content);

    /// <summary>Reads extents and the like as the file states them, for pixels as stored, before EXIF's orientation is applied.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">The path, for messages.</param>
    /// <exception cref="GpuCnnException">The header is damaged, or the image too large or of an unsupported kind.</exception>
    ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name);

    /// <summary>Decodes a window of the file that the last <see cref="ReadHeader"/> read, with pixels as stored.</summary>
    /// <param name="content">The same bytes.</param>
    /// <param name="name">The path, for messages.</param>
    /// <param name="window">Within the header's extents.</param>
    /// <param name="picture">Receives exactly the window, in the header's channels.</param>
    /// <exception cref="GpuCnnException">The content is damaged, cut short or of an unsupported kind.</exception>
    void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture);
}

/// <summary>Writes one image format. Found like <see cref="IImageDecoder"/>.</summary>
public interface IImageEncoder
{
    /// <summary>Lower case, with the dot.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>Encodes <paramref name="image"/> as a file; <paramref name="extension"/> is one of <see cref="Extensions"/>.</summary>
    byte[] Encode(PixelImage image, string extension);
}
