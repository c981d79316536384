using System.Buffers.Binary;
using SixLabors.ImageSharp.Formats.Bmp;

namespace GpuCnn.Data.Formats;

/// <summary>Windows bitmaps, decoded by ImageSharp.</summary>
internal sealed class BmpReader() : ImageSharpReader("BMP", [".bmp", ".dib"], new BmpDecoder())
{
    private const int HeaderBytes = 54, Uncompressed = 0, BitFields = 3;

    public override bool Matches(ReadOnlySpan<byte> content) => content.Length >= 14 && content.StartsWith("BM"u8);

    private protected override void CheckLength(ReadOnlySpan<byte> content, string name)
    {
        // ImageSharp checks the older, rare header of 12 bytes itself.
        if (content.Length < HeaderBytes || BinaryPrimitives.ReadInt32LittleEndian(content[14..]) < 40) return;
        int compression = BinaryPrimitives.ReadInt32LittleEndian(content[30..]);
        if (compression is not (Uncompressed or BitFields)) return;
        long width = BinaryPrimitives.ReadInt32LittleEndian(content[18..]), height = BinaryPrimitives.ReadInt32LittleEndian(content[22..]);
        long row = (Math.Abs(width) * BinaryPrimitives.ReadUInt16LittleEndian(content[28..]) + 31) / 32 * 4;
        long needed = BinaryPrimitives.ReadUInt32LittleEndian(content[10..]) + row * Math.Abs(height);
        if (Math.Abs(width) <= PixelImage.LargestSide && Math.Abs(height) <= PixelImage.LargestSide && needed > content.Length)
            throw Cut(name, needed, content);
    }
}
