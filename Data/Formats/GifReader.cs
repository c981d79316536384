using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Metadata;

namespace GpuCnn.Data.Formats;

/// <summary>The first frame of a GIF, decoded by ImageSharp.</summary>
internal sealed class GifReader()
    : ImageSharpReader("GIF", [".gif"], new GifDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First })
{
    private const int HeaderBytes = 13, Extension = 0x21, Image = 0x2C;

    public override bool Matches(ReadOnlySpan<byte> content) => content.StartsWith("GIF8"u8);

    /// <summary>Refuses a file whose first frame is cut short.</summary>
    private protected override void CheckLength(ReadOnlySpan<byte> content, string name)
    {
        if (content.Length < HeaderBytes) throw Cut(name, HeaderBytes, content);
        long at = HeaderBytes + TableBytes(content[10]);
        while (true)
        {
            if (at + 1 >= content.Length) throw Cut(name, at + 2, content);
            bool isImage = content[(int)at] == Image;
            if (!isImage && content[(int)at] != Extension)
                throw DataFile.Damaged("GIF", name, "a frame", $"a block {content[(int)at]:X2} at byte {at:N0}");
            if (isImage)
            {
                if (at + 10 >= content.Length) throw Cut(name, at + 11, content);
                at += 11 + TableBytes(content[(int)at + 9]);
            }
            else
            {
                at += 2;
            }
            // The data is in blocks of up to 255 bytes; an empty block ends it.
            int length;
            do
            {
                if (at >= content.Length) throw Cut(name, at + 1, content);
                length = content[(int)at];
                at += 1 + length;
            }
            while (length > 0);
            if (isImage) return;
        }
    }

    /// <summary>Size in bytes of the color table announced by a flags byte.</summary>
    private static int TableBytes(byte flags) => (flags & 0x80) != 0 ? 3 << ((flags & 7) + 1) : 0;
}
