using SixLabors.ImageSharp.Formats.Tga;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Truevision's TGA, decoded by ImageSharp. TGA has no signature at the beginning; a file that has one is of another format.
/// </summary>
internal sealed class TgaReader() : ImageSharpReader("TGA", [".tga"], new TgaDecoder())
{
    private const int HeaderBytes = 18, GrayType = 3, RunLengths = 8;

    public override bool Matches(ReadOnlySpan<byte> content)
    {
        if (content.Length < HeaderBytes || content[1] > 1) return false;
        int type = content[2], bits = content[16];
        bool fits = (type & ~RunLengths) switch
        {
            1 => content[1] == 1 && bits == 8,
            2 => bits is 15 or 16 or 24 or 32,
            GrayType => bits is 8 or 16,
            _ => false,
        };
        return fits && Width(content) > 0 && Height(content) > 0;
    }

    private protected override void CheckLength(ReadOnlySpan<byte> content, string name)
    {
        int bytes = (content[16] + 7) / 8, colors = content[5] | content[6] << 8, colorBytes = (content[7] + 7) / 8;
        long at = HeaderBytes + content[0] + (content[1] == 1 ? colors * colorBytes : 0), pixels = (long)Width(content) * Height(content);
        ImageSharpDecoding.CheckExtents("TGA", name, Width(content), Height(content), content.Length);
        if ((content[2] & RunLengths) == 0)
        {
            if (at + pixels * bytes > content.Length) throw Cut(name, at + pixels * bytes, content);
            return;
        }
        while (pixels > 0)
        {
            if (at >= content.Length) throw Cut(name, at + 1, content);
            int packet = content[(int)at], count = (packet & 0x7F) + 1;
            at += 1 + ((packet & 0x80) != 0 ? bytes : count * bytes);
            pixels -= count;
        }
        if (at > content.Length) throw Cut(name, at, content);
    }

    private protected override bool IsGray(ReadOnlySpan<byte> content) => (content[2] & ~RunLengths) == GrayType;

    private static int Width(ReadOnlySpan<byte> content) => content[12] | content[13] << 8;

    private static int Height(ReadOnlySpan<byte> content) => content[14] | content[15] << 8;
}
