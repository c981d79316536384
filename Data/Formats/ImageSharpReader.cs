using GpuCnn.Engine;
using ImageSharpDecoder = SixLabors.ImageSharp.Formats.IImageDecoder;

namespace GpuCnn.Data.Formats;

/// <summary>A format that ImageSharp decodes.</summary>
internal abstract class ImageSharpReader(string format, string[] extensions, ImageSharpDecoder decoder) : IImageDecoder
{
    private int _width, _height, _channels;

    public string Format => format;

    public IReadOnlyList<string> Extensions => extensions;

    public abstract bool Matches(ReadOnlySpan<byte> content);

    public ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name)
    {
        CheckLength(content, name);
        (_width, _height) = ImageSharpDecoding.ReadExtents(decoder, content, format, name);
        _channels = IsGray(content) ? 1 : 3;
        return new ImageHeader(format, _width, _height, _channels, _channels == 1 ? "gray" : "RGB") { Orientation = Orientation(content) };
    }

    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture) =>
        ImageSharpDecoding.Decode(decoder, content, format, name, _width, _height, _channels, window, picture);

    public void Dispose() { }

    /// <summary>Refuses files that are cut short, which ImageSharp would accept silently.</summary>
    /// <exception cref="GpuCnnException">The file is cut short.</exception>
    private protected virtual void CheckLength(ReadOnlySpan<byte> content, string name) { }

    private protected GpuCnnException Cut(string name, long needed, ReadOnlySpan<byte> content) =>
        DataFile.Damaged(format, name, $"{needed:N0} bytes or more", $"the end of the file at {content.Length:N0}");

    private protected virtual bool IsGray(ReadOnlySpan<byte> content) => false;

    private protected virtual int Orientation(ReadOnlySpan<byte> content) => 1;
}
