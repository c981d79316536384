using System.Buffers.Binary;
using GpuCnn.Engine;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata;
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
        CheckHeader(content, name);
        (_width, _height) = ImageSharpDecoding.ReadExtents(decoder, content, format, name);
        _channels = IsGray(content) ? 1 : 3;
        return new ImageHeader(format, _width, _height, _channels, _channels == 1 ? "gray" : "RGB") { Orientation = Orientation(content) };
    }

    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture) =>
        ImageSharpDecoding.Decode(decoder, content, format, name, _width, _height, _channels, window, picture);

    public void Dispose() { }

    /// <summary>Refuses what ImageSharp would take silently.</summary>
    private protected virtual void CheckHeader(ReadOnlySpan<byte> content, string name) { }

    private protected virtual bool IsGray(ReadOnlySpan<byte> content) => false;

    private protected virtual int Orientation(ReadOnlySpan<byte> content) => 1;
}

/// <summary>Windows bitmaps.</summary>
internal sealed class BmpReader() : ImageSharpReader("BMP", [".bmp", ".dib"], new BmpDecoder())
{
    public override bool Matches(ReadOnlySpan<byte> content) => content.Length >= 14 && content.StartsWith("BM"u8);
}

/// <summary>The first frame.</summary>
internal sealed class GifReader()
    : ImageSharpReader("GIF", [".gif"], new GifDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First })
{
    public override bool Matches(ReadOnlySpan<byte> content) => content.StartsWith("GIF8"u8);
}

/// <summary>The first image. Its orientation is a tag of its own.</summary>
internal sealed class TiffReader()
    : ImageSharpReader("TIFF", [".tif", ".tiff"], new TiffDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First })
{
    private const int CompressionTag = 259, PhotometricTag = 262, BlackIsZero = 1;

    public override bool Matches(ReadOnlySpan<byte> content) => content.StartsWith("II*\0"u8) || content.StartsWith("MM\0*"u8);

    /// <summary>The fax decoders of this version of ImageSharp are said to write out of bounds.</summary>
    private protected override void CheckHeader(ReadOnlySpan<byte> content, string name)
    {
        if (TiffTags.Short(content, CompressionTag) is 2 or 3 or 4)
        {
            throw new GpuCnnException(
                $"TIFF {DataFile.Quote(name)}: expected an image that is not compressed as a fax, but got CCITT compression; " +
                "convert it to PNG or remove it.");
        }
    }

    private protected override bool IsGray(ReadOnlySpan<byte> content) => TiffTags.Short(content, PhotometricTag) is 0 or BlackIsZero;

    private protected override int Orientation(ReadOnlySpan<byte> content) => TiffTags.Orientation(content);
}

/// <summary>WebP, lossy and lossless; the first frame.</summary>
internal sealed class WebPReader() : ImageSharpReader("WebP", [".webp"], new WebpDecoder { IgnoreMetadata = true })
{
    public override bool Matches(ReadOnlySpan<byte> content) =>
        content.Length >= 12 && content.StartsWith("RIFF"u8) && content[8..12].SequenceEqual("WEBP"u8);

    private protected override int Orientation(ReadOnlySpan<byte> content)
    {
        for (int at = 12; at + 8 <= content.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(content[(at + 4)..]);
            if (length > content.Length - at - 8) break;
            ReadOnlySpan<byte> data = content.Slice(at + 8, (int)length);
            if (content.Slice(at, 4).SequenceEqual("EXIF"u8)) return TiffTags.Orientation(data.StartsWith("Exif\0\0"u8) ? data[6..] : data);
            at += 8 + (int)length + ((int)length & 1);
        }
        return 1;
    }
}

/// <summary>Truevision's TGA. It has no signature at its beginning; whatever has one is another format's.</summary>
internal sealed class TgaReader() : ImageSharpReader("TGA", [".tga"], new TgaDecoder())
{
    private const int GrayType = 3, PackedGrayType = 11;

    public override bool Matches(ReadOnlySpan<byte> content)
    {
        if (content.Length < 18 || content[1] > 1) return false;
        int type = content[2], width = content[12] | content[13] << 8, height = content[14] | content[15] << 8, bits = content[16];
        bool fits = type switch
        {
            1 or 9 => content[1] == 1 && bits == 8,
            2 or 10 => bits is 15 or 16 or 24 or 32,
            GrayType or PackedGrayType => bits is 8 or 16,
            _ => false,
        };
        return fits && width > 0 && height > 0;
    }

    private protected override bool IsGray(ReadOnlySpan<byte> content) => content[2] is GrayType or PackedGrayType;
}
