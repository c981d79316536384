using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace GpuCnn.Data.Formats;

/// <summary>
/// PNG (ISO/IEC 15948, https://www.w3.org/TR/png/): every colour type, bit depth, filter and interlacing. Gray and gray with alpha
/// give one channel, the others three; 16-bit samples are rounded to 8 bits. Transparency (alpha or tRNS) is composed over white,
/// so that a drawing on a transparent ground looks as it does on paper. Gamma and colour profiles are ignored, as PIL ignores them.
/// </summary>
internal sealed class PngReader : IImageDecoder
{
    internal static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>
    /// Deflate cannot expand by more than 1032 to 1, so a header that promises more is a lie that need not be allocated for.
    /// </summary>
    private const long LargestExpansion = 1040;

    public string Format => "PNG";

    public IReadOnlyList<string> Extensions => [".png"];

    public bool Matches(ReadOnlySpan<byte> content) => content.StartsWith(Signature[..4]);

    private Chunks? _chunks;

    /// <inheritdoc/>
    public ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name)
    {
        if (!content.StartsWith(Signature))
            throw DataFile.Damaged("PNG", name, "the 8-byte signature", Convert.ToHexString(content[..Math.Min(8, content.Length)]));
        _chunks = Chunks.Read(content.ToArray(), name);
        PngHeader header = _chunks.Header;
        return new ImageHeader(Format, header.Width, header.Height, header.Channels, header.Mode);
    }

    /// <inheritdoc/>
    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture)
    {
        Chunks chunks = _chunks!;
        PngScanlines scanlines = new(chunks.Header, name);
        if (scanlines.TotalBytes > LargestExpansion * (chunks.Compressed.Length + 16))
        {
            throw DataFile.Damaged(
                "PNG", name, $"image data for {chunks.Header.Width}x{chunks.Header.Height} pixels",
                $"only {chunks.Compressed.Length:N0} compressed bytes");
        }

        PixelImage image = new(chunks.Header.Width, chunks.Header.Height, chunks.Header.Channels);
        PngPixels pixels = new(chunks.Header, chunks.Palette, chunks.Transparency, name);
        try
        {
            chunks.Compressed.Position = 0;
            using ZLibStream inflated = new(chunks.Compressed, CompressionMode.Decompress);
            scanlines.Read(inflated, pixels, image);
        }
        catch (InvalidDataException e)
        {
            throw DataFile.Damaged("PNG", name, "compressed image data", "data that does not decompress", e);
        }
        picture.CopyFrom(image, window);
    }

    public void Dispose() => _chunks = null;

    /// <summary>The chunks that decide what an image looks like.</summary>
    private sealed record Chunks(PngHeader Header, byte[] Palette, byte[]? Transparency, MemoryStream Compressed)
    {
        public static Chunks Read(byte[] content, string name)
        {
            PngHeader? header = null;
            byte[]? palette = null, transparency = null;
            MemoryStream compressed = new();
            bool ended = false, compressedEnded = false;
            for (int position = Signature.Length; !ended;)
            {
                Chunk chunk = Chunk.Read(content, ref position, name);
                if (header is null != (chunk.Type == "IHDR"))
                    throw DataFile.Damaged("PNG", name, "one IHDR chunk, the first", $"a chunk {chunk.Type}");
                if (chunk.Type == "IDAT" ? compressedEnded : compressed.Length > 0 && chunk.Type is "PLTE" or "tRNS")
                    throw DataFile.Damaged("PNG", name, "consecutive IDAT chunks after PLTE and tRNS", $"a late chunk {chunk.Type}");
                compressedEnded = compressed.Length > 0 && chunk.Type != "IDAT";
                ReadOnlySpan<byte> data = content.AsSpan(chunk.Start, chunk.Length);
                switch (chunk.Type)
                {
                    case "IHDR": header = PngHeader.Parse(data, name); break;
                    case "PLTE": palette = data.ToArray(); break;
                    case "tRNS": transparency = data.ToArray(); break;
                    case "IDAT": compressed.Write(data); break;
                    case "IEND": ended = true; break;
                    default:
                        // Bit 5 of the first letter: lower case is ancillary and may be skipped (section 5.4).
                        if (char.IsAsciiLetterUpper(chunk.Type[0]))
                            throw DataFile.Damaged("PNG", name, "critical chunks of the standard", $"a chunk {chunk.Type}");
                        break;
                }
            }
            if (header is not { } known) throw DataFile.Damaged("PNG", name, "an IHDR chunk", "none");
            if (compressed.Length == 0) throw DataFile.Damaged("PNG", name, "image data (IDAT)", "none");
            return new Chunks(known, palette ?? [], transparency, compressed);
        }
    }

    private readonly record struct Chunk(string Type, int Start, int Length)
    {
        public static Chunk Read(byte[] content, ref int position, string name)
        {
            const int Overhead = 12;
            if (content.Length - position < Overhead)
                throw DataFile.Damaged("PNG", name, $"another chunk at byte {position:N0}, the last being IEND",
                    $"the end of the file at {content.Length:N0}");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(position));
            ReadOnlySpan<byte> letters = content.AsSpan(position + 4, 4);
            foreach (byte letter in letters)
                if (!char.IsAsciiLetter((char)letter))
                    throw DataFile.Damaged("PNG", name, $"a chunk type of four letters at byte {position + 4:N0}",
                        Convert.ToHexString(letters));
            string type = Encoding.ASCII.GetString(letters);
            if (length > content.Length - position - Overhead)
                throw DataFile.Damaged("PNG", name, $"{length:N0} bytes of {type} at byte {position + 8:N0}",
                    $"the end of the file at {content.Length:N0}");
            int start = position + 8;
            uint expected = BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(start + (int)length));
            uint actual = Crc32.Compute(content.AsSpan(position + 4, 4 + (int)length));
            if (actual != expected)
                throw DataFile.Damaged("PNG", name, $"checksum {expected:X8} of the chunk {type} at byte {position:N0}", $"{actual:X8}");
            position = start + (int)length + 4;
            return new Chunk(type, start, (int)length);
        }
    }
}
