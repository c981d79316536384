using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Reads one image format. Every class of this assembly that implements it is in use: to add a format is to add a file.
/// </summary>
public interface IImageDecoder
{
    /// <summary>The name people know it by.</summary>
    string Format { get; }

    /// <summary>Lower case, with the dot. They decide which files of a folder are images, never how a file is decoded.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>Whether the file is of this format, from its first bytes (all of them where the file is short).</summary>
    bool Matches(ReadOnlySpan<byte> content);

    /// <summary>Decodes a whole file. <paramref name="name"/> is the path for messages.</summary>
    /// <exception cref="GpuCnnException">The content is damaged, cut short, too large or of an unsupported kind.</exception>
    PixelImage Decode(byte[] content, string name);
}

/// <summary>Writes one image format. Found as <see cref="IImageDecoder"/> is.</summary>
public interface IImageEncoder
{
    /// <summary>Lower case, with the dot.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>The file for <paramref name="image"/>; <paramref name="extension"/> is one of <see cref="Extensions"/>.</summary>
    byte[] Encode(PixelImage image, string extension);
}
