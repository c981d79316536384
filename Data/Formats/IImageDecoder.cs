using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Reads one image format. Every class of this assembly that implements it is in use: to add a format is to add a file. An instance
/// belongs to one thread, and may keep memory and what it found in a header for the next call.
/// </summary>
internal interface IImageDecoder : IDisposable
{
    /// <summary>The name people know it by.</summary>
    string Format { get; }

    /// <summary>Lower case, with the dot. They decide which files of a folder are images, never how a file is decoded.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>Whether the file is of this format, from its first bytes (all of them where the file is short).</summary>
    bool Matches(ReadOnlySpan<byte> content);

    /// <summary>Extents and the like, as the file states them: of pixels as they are stored, before EXIF's orientation.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">The path, for messages.</param>
    /// <exception cref="GpuCnnException">The header is damaged, or the image too large or of an unsupported kind.</exception>
    ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name);

    /// <summary>Decodes a window, as pixels are stored, of the file that the last <see cref="ReadHeader"/> read.</summary>
    /// <param name="content">The same bytes.</param>
    /// <param name="name">The path, for messages.</param>
    /// <param name="window">Within the header's extents.</param>
    /// <param name="picture">Holds exactly the window afterwards, in the header's channels.</param>
    /// <exception cref="GpuCnnException">The content is damaged, cut short or of an unsupported kind.</exception>
    void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture);
}

/// <summary>Writes one image format. Found as <see cref="IImageDecoder"/> is.</summary>
public interface IImageEncoder
{
    /// <summary>Lower case, with the dot.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>The file for <paramref name="image"/>; <paramref name="extension"/> is one of <see cref="Extensions"/>.</summary>
    byte[] Encode(PixelImage image, string extension);
}
