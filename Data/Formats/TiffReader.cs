using GpuCnn.Engine;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Metadata;

namespace GpuCnn.Data.Formats;

/// <summary>The first image of a TIFF, decoded by ImageSharp. Its orientation is a tag of its own.</summary>
internal sealed class TiffReader()
    : ImageSharpReader("TIFF", [".tif", ".tiff"], new TiffDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First })
{
    private const int CompressionTag = 259, PhotometricTag = 262, StripOffsets = 273, StripLengths = 279, BlackIsZero = 1;

    public override bool Matches(ReadOnlySpan<byte> content) => content.StartsWith("II*\0"u8) || content.StartsWith("MM\0*"u8);

    private protected override void CheckLength(ReadOnlySpan<byte> content, string name)
    {
        // This version of ImageSharp is reported to write out of bounds in its fax decoders.
        if (TiffTags.Short(content, CompressionTag) is 2 or 3 or 4)
        {
            throw new GpuCnnException(
                $"TIFF {DataFile.Quote(name)}: expected an image that is not compressed as a fax, but got CCITT compression; " +
                "convert it to PNG or remove it.");
        }
        TiffNumbers offsets = TiffTags.Find(content, StripOffsets), lengths = TiffTags.Find(content, StripLengths);
        for (int i = 0; i < Math.Min(offsets.Count, lengths.Count); i++)
            if (offsets[i] + lengths[i] > content.Length) throw Cut(name, offsets[i] + lengths[i], content);
    }

    private protected override bool IsGray(ReadOnlySpan<byte> content) => TiffTags.Short(content, PhotometricTag) is 0 or BlackIsZero;

    private protected override int Orientation(ReadOnlySpan<byte> content) => TiffTags.Orientation(content);
}
