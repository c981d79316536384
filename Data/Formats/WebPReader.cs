using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Webp;

namespace GpuCnn.Data.Formats;

/// <summary>WebP, lossy and lossless, decoded by ImageSharp.</summary>
internal sealed class WebPReader() : ImageSharpReader("WebP", [".webp"], new WebpDecoder { IgnoreMetadata = true })
{
    private const int HeaderBytes = 12;

    public override bool Matches(ReadOnlySpan<byte> content) =>
        content.Length >= HeaderBytes && content.StartsWith("RIFF"u8) && content[8..HeaderBytes].SequenceEqual("WEBP"u8);

    private protected override void CheckLength(ReadOnlySpan<byte> content, string name)
    {
        long needed = 8L + BinaryPrimitives.ReadUInt32LittleEndian(content[4..]);
        if (needed > content.Length) throw Cut(name, needed, content);
    }

    private protected override int Orientation(ReadOnlySpan<byte> content)
    {
        for (long at = HeaderBytes; at + 8 <= content.Length;)
        {
            ReadOnlySpan<byte> chunk = content[(int)at..];
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
            if (length > chunk.Length - 8) break;
            ReadOnlySpan<byte> data = chunk.Slice(8, (int)length);
            if (chunk.StartsWith("EXIF"u8)) return TiffTags.Orientation(data.StartsWith("Exif\0\0"u8) ? data[6..] : data);
            // Chunks begin at even offsets.
            at += 8 + length + (length & 1);
        }
        return 1;
    }
}
