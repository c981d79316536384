using System.IO.Compression;

namespace GpuCnn.Data.Formats;

/// <summary>
/// PNG (ISO/IEC 15948, https://www.w3.org/TR/png/): every color type, bit depth, filter and interlacing. Gray and gray with alpha give one
/// channel, the others three; 16-bit samples are rounded to 8 bits. Transparency (alpha or tRNS) is composed over white, so that a drawing
/// on a transparent ground looks as it does on paper. Gamma and color profiles are ignored, as in PIL.
/// </summary>
internal sealed class PngReader : IImageDecoder
{
    /// <summary>
    /// Deflate expands by at most 1032 to 1. A header that promises more is false, and nothing is allocated for it.
    /// </summary>
    private const long LargestExpansion = 1040;

    private readonly PngChunks _chunks = new();
    private readonly PngScanlines _scanlines;
    private readonly PngPixels _pixels = new();

    public PngReader() : this(ScratchSource.Default) { }

    internal PngReader(ScratchSource source) => _scanlines = new PngScanlines(source);

    internal static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public string Format => "PNG";

    public IReadOnlyList<string> Extensions => [".png", ".apng"];

    public bool Matches(ReadOnlySpan<byte> content) => content.StartsWith(Signature[..4]);

    /// <inheritdoc/>
    public ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name)
    {
        if (!content.StartsWith(Signature))
            throw DataFile.Damaged("PNG", name, "the 8-byte signature", Convert.ToHexString(content[..Math.Min(8, content.Length)]));
        _chunks.Read(content, name);
        PngHeader header = _chunks.Header;
        if (header.ScanlineBytes > LargestExpansion * (_chunks.CompressedBytes + 16))
        {
            throw DataFile.Damaged(
                "PNG", name, $"image data for {header.Width}x{header.Height} pixels",
                $"only {_chunks.CompressedBytes:N0} compressed bytes");
        }
        return new ImageHeader(Format, header.Width, header.Height, header.Channels, header.Mode)
        {
            Orientation = _chunks.Orientation,
            Note = _chunks.Note,
        };
    }

    /// <inheritdoc/>
    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture)
    {
        PngHeader header = _chunks.Header;
        _pixels.Prepare(header, content[_chunks.Palette], content[_chunks.Transparency], name);
        picture.Reset(window, header.Channels);
        try
        {
            using PngDataStream compressed = new(content, _chunks.Data);
            using ZLibStream inflated = new(compressed, CompressionMode.Decompress);
            _scanlines.Read(header, name, inflated, _pixels, picture);
        }
        // Data that needs a preset dictionary throws IOException.
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw DataFile.Damaged("PNG", name, "compressed image data", "data that does not decompress", e);
        }
    }

    public void Dispose() => _scanlines.Dispose();
}
