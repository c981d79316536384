using GpuCnn.Data.Formats;
using GpuCnn.Engine;

namespace GpuCnn.Data.Jpeg;

/// <summary>
/// What the markers of a JPEG state (ITU-T T.81, annex B), from one walk over the whole file before anything is allocated. Refuses what
/// decoders accept silently: a file without its end, absurd numbers of scans, more blocks than its bytes can hold.
/// </summary>
/// <param name="Width">Columns, as stored.</param>
/// <param name="Height">Rows, as stored.</param>
/// <param name="Components">1 gray, 3 color, 4 CMYK.</param>
/// <param name="IsProgressive">Whether it has several scans of increasing precision.</param>
/// <param name="Orientation">EXIF's, 1 to 8.</param>
internal readonly record struct JpegFacts(int Width, int Height, int Components, bool IsProgressive, int Orientation)
{
    private const int MostScans = 100;

    /// <exception cref="GpuCnnException">The file is damaged, cut short, too large or of an unsupported kind.</exception>
    public static JpegFacts Read(ReadOnlySpan<byte> file, string name)
    {
        JpegFacts facts = new(0, 0, 0, false, 1);
        int scans = 0, at = 2, quantised = 0, needed = 0;
        long blocks = 0;
        while (true)
        {
            int skipped = at < file.Length ? file[at..].IndexOf((byte)0xFF) : -1;
            if (skipped < 0 || at + skipped + 1 >= file.Length) throw Cut(name, file.Length, scans > 0);
            at += skipped + 1;
            int marker = file[at];
            // Fill bytes, stuffed zeros, restart markers and the like have no length.
            if (marker == 0xFF) continue;
            at++;
            if (marker is < 0xC0 or (>= 0xD0 and <= 0xD8)) continue;
            if (marker == 0xD9) break;
            int length = at + 2 <= file.Length ? file[at] << 8 | file[at + 1] : 0;
            if (length < 2 || at + length > file.Length) throw Cut(name, file.Length, scans > 0);
            ReadOnlySpan<byte> data = file.Slice(at + 2, length - 2);
            at += length;
            switch (marker)
            {
                case 0xE1 when data.StartsWith("Exif\0\0"u8):
                    facts = facts with { Orientation = TiffTags.Orientation(data[6..]) };
                    break;
                case 0xC4 or 0xC8 or 0xCC:
                    break;
                case >= 0xC0 and <= 0xCF:
                    facts = Frame(facts, marker, data, name, out blocks, out needed);
                    break;
                case 0xDA when facts.Components == 0:
                    throw DataFile.Damaged("JPEG", name, "a frame header before its scans", "none");
                case 0xDB:
                    quantised |= Quantised(data);
                    break;
                case 0xDA when (needed & ~quantised) != 0:
                    throw DataFile.Damaged("JPEG", name, "quantisation tables before a scan", "none for one of its components");
                case 0xDA when ++scans > MostScans:
                    throw DataFile.Damaged("JPEG", name, $"at most {MostScans} scans", "more");
            }
        }
        if (scans == 0) throw DataFile.Damaged("JPEG", name, "a frame and a scan", "an end marker before them");
        // A coded block takes at least one bit.
        if (blocks > 8L * file.Length)
        {
            throw DataFile.Damaged(
                "JPEG", name, $"image data for {facts.Width}x{facts.Height} pixels", $"a file of only {file.Length:N0} bytes");
        }
        return facts;
    }

    /// <summary>Sets a bit for each table that a segment defines.</summary>
    private static int Quantised(ReadOnlySpan<byte> data)
    {
        int tables = 0;
        for (; data.Length > 0; data = data[Math.Min(data.Length, 1 + 64 * (1 + (data[0] >> 4 & 1)))..]) tables |= 1 << (data[0] & 15);
        return tables;
    }

    private static JpegFacts Frame(
        JpegFacts facts, int marker, ReadOnlySpan<byte> data, string name, out long blocks, out int quantisation)
    {
        if (facts.Components != 0) throw DataFile.Damaged("JPEG", name, "one frame header", "two");
        string? kind = marker switch
        {
            0xC3 or 0xC7 or 0xCB or 0xCF => "lossless",
            0xC5 or 0xC6 or 0xCD or 0xCE => "hierarchical",
            0xC9 or 0xCA => "arithmetic-coded",
            _ => null,
        };
        if (kind is not null) throw Unsupported(name, $"a {kind} file");
        if (data.Length < 6) throw DataFile.Damaged("JPEG", name, "a frame header", $"{data.Length} bytes of one");
        int bits = data[0], height = data[1] << 8 | data[2], width = data[3] << 8 | data[4], components = data[5];
        if (bits != 8) throw Unsupported(name, $"{bits} bits");
        if (components is not (1 or 3 or 4)) throw Unsupported(name, $"{components} components");
        if (data.Length < 6 + 3 * components) throw DataFile.Damaged("JPEG", name, "a frame header", $"{data.Length} bytes of one");
        ImageLimits.Check("JPEG", name, width, height);
        int across = 1, down = 1;
        for (int i = 0; i < components; i++)
        {
            int sampling = data[7 + 3 * i], h = sampling >> 4, v = sampling & 15;
            if (h is < 1 or > 4 || v is < 1 or > 4) throw DataFile.Damaged("JPEG", name, "sampling factors of 1 to 4", $"{h}x{v}");
            (across, down) = (Math.Max(across, h), Math.Max(down, v));
        }
        (blocks, quantisation) = (0, 0);
        for (int i = 0; i < components; i++)
        {
            int sampling = data[7 + 3 * i];
            long columns = ((long)width * (sampling >> 4) + across - 1) / across, rows = ((long)height * (sampling & 15) + down - 1) / down;
            quantisation |= 1 << (data[8 + 3 * i] & 15);
            blocks += (columns + 7) / 8 * ((rows + 7) / 8);
        }
        return facts with { Width = width, Height = height, Components = components, IsProgressive = marker == 0xC2 };
    }

    private static GpuCnnException Cut(string name, int length, bool hasScan) => DataFile.Damaged(
        "JPEG", name, "an end marker (FF D9)", $"the end of the file at {length:N0} bytes{(hasScan ? "" : ", in its headers")}");

    private static GpuCnnException Unsupported(string name, string got) => new(
        $"JPEG {DataFile.Quote(name)}: expected a baseline or progressive file of 8 bits and 1, 3 or 4 components, but got {got}; " +
        "convert it or remove it.");
}
