using GpuCnn.Data.Formats;
using SixLabors.ImageSharp.Formats.Jpeg;

namespace GpuCnn.Data.Jpeg;

/// <summary>
/// JPEG (ITU-T T.81). <see cref="SequentialDecoder"/> decodes sequential files; ImageSharp decodes those that it declines (progressive,
/// CMYK, unusual samplings). <see cref="JpegFacts"/> checks each file first.
/// </summary>
internal sealed class JpegReader : IImageDecoder
{
    private readonly SequentialDecoder _sequential;
    private readonly JpegDecoder _other = new() { IgnoreMetadata = true };
    private JpegFacts _facts;

    public JpegReader() : this(ScratchSource.Default) { }

    internal JpegReader(ScratchSource source) => _sequential = new SequentialDecoder(source);

    public string Format => "JPEG";

    public IReadOnlyList<string> Extensions => [".jpg", ".jpeg", ".jpe", ".jfif", ".jif"];

    /// <summary>Whether the last picture was decoded by <see cref="SequentialDecoder"/>, not by ImageSharp.</summary>
    internal bool WasSequential { get; private set; }

    public bool Matches(ReadOnlySpan<byte> content) => content is [0xFF, 0xD8, 0xFF, ..];

    public ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name)
    {
        _facts = JpegFacts.Read(content, name);
        string mode = _facts.Components switch { 1 => "gray", 3 => "RGB", _ => "CMYK" };
        return new ImageHeader(Format, _facts.Width, _facts.Height, _facts.Components == 1 ? 1 : 3, mode)
        {
            Orientation = _facts.Orientation,
        };
    }

    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture)
    {
        WasSequential = !_facts.IsProgressive && _facts.Components != 4 && _sequential.TryDecode(content, window, picture);
        if (WasSequential) return;
        ImageSharpDecoding.CheckExtents(Format, name, _facts.Width, _facts.Height, content.Length);
        ImageSharpDecoding.Decode(
            _other, content, Format, name, _facts.Width, _facts.Height, _facts.Components == 1 ? 1 : 3, window, picture);
    }

    public void Dispose() => _sequential.Dispose();
}
