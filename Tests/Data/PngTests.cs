using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using GpuCnn.Data.Formats;
using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Compares with files and pixels that make_png_vectors.py wrote with another encoder and with Pillow.</summary>
public sealed class PngTests
{
    private static string Vectors => Path.Combine(TestData.RepositoryRoot, "Tests", "Data", "vectors");

    private static IEnumerable<TestCaseData> Expected() => File.ReadLines(Path.Combine(Vectors, "expected.txt"))
        .Select(line => line.Split(' '))
        .Select(p => new TestCaseData(p[0], int.Parse(p[1]), int.Parse(p[2]), int.Parse(p[3]), p[4]).SetArgDisplayNames(p[0]));

    [TestCaseSource(nameof(Expected))]
    public void Decodes(string name, int width, int height, int channels, string pixels)
    {
        PixelImage image = ImageFile.Read(Path.Combine(Vectors, name + ".png"));
        Assert.That((image.Width, image.Height, image.Channels), Is.EqualTo((width, height, channels)));
        Assert.That(Convert.ToHexStringLower(image.Pixels), Is.EqualTo(pixels));
    }

    [Test]
    public void EveryVectorHasExpectedPixels() =>
        Assert.That(Directory.GetFiles(Vectors, "*.png").Select(Path.GetFileNameWithoutExtension),
            Is.EquivalentTo(Expected().Select(c => c.Arguments[0])));

    [TestCase("color2-depth8-adam7")]
    [TestCase("palette4-alpha")]
    [TestCase("many-idat")]
    [TestCase("pillow-I16")]
    public void CutFileIsRefusedOrHasAllPixels(string name)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Vectors, name + ".png"));
        int dataEnd = whole.AsSpan().LastIndexOf("IDAT"u8) + 4;
        for (int length = 0; length < dataEnd; length++) OneLine.Thrown(() => ImageFile.Decode(whole[..length], name), name);
        for (int length = dataEnd; length < whole.Length; length++) CheckDamaged(whole, whole[..length], name);
    }

    [TestCase("color3-depth4")]
    [TestCase("color6-depth16-adam7")]
    [TestCase("ancillary")]
    public void FlippedBitIsRefusedOrChangesNothing(string name)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Vectors, name + ".png"));
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            CheckDamaged(whole, damaged, name);
        }
    }

    /// <summary>A damaged file has the pixels of the whole file and a note, or gives an error of one line.</summary>
    private static void CheckDamaged(byte[] whole, byte[] damaged, string name)
    {
        using PictureDecoder decoder = new();
        byte[] pixels;
        ImageHeader header;
        try
        {
            header = decoder.Open(damaged, name);
            pixels = decoder.Decode().ToImage().Pixels;
        }
        catch (GpuCnnException e)
        {
            Assert.That(e.Message, Does.Match(@"^[^\r\n]+\.\z").And.Contain(name));
            return;
        }
        Assert.That(header.Note, Is.Not.Null);
        Assert.That(pixels, Is.EqualTo(ImageFile.Decode(whole, name).Pixels));
    }

    /// <summary>
    /// Repaired checksums let the damage reach the inner parts: the file decodes to something, or gives an error of one line.
    /// </summary>
    [TestCase("color3-depth2-adam7")]
    [TestCase("rgb8-key")]
    [TestCase("color0-depth1")]
    public void FlippedBitWithRepairedChecksumIsReadOrRefused(string name)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Vectors, name + ".png"));
        int refused = 0;
        for (int bit = 8 * 8; bit < whole.Length * 8; bit++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            FixChecksums(damaged);
            try
            {
                ImageFile.Decode(damaged, name);
            }
            catch (GpuCnnException)
            {
                refused++;
            }
        }
        Assert.That(refused, Is.GreaterThan(whole.Length));
    }

    [Test]
    public void HugeDimensionsAreRefusedBeforeTheyAreAllocated()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Vectors, "color2-depth8.png"));
        foreach ((int width, int height) in ((int, int)[])[(int.MaxValue, int.MaxValue), (-1, 5), (70_000, 1), (60_000, 60_000),
            (11_000, 12_199), (0, 7)])
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
            FixChecksums(file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            OneLine.Thrown(() => ImageFile.Decode(file, "bomb.png"), "bomb.png");
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
        }
    }

    [Test]
    public void WrongChecksumNamesTheChunk()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Vectors, "color2-depth8.png"));
        file[file.AsSpan().IndexOf("IDAT"u8) + 9] ^= 1;
        OneLine.Thrown(() => ImageFile.Decode(file, "a.png"), "PNG 'a.png'", "checksum", "IDAT", "copy it again");
    }

    /// <summary>libpng and Pillow show all of these: pixels of a 2x2 image of four colors.</summary>
    [TestCase("text-crc", "chunk tEXt is wrong")]
    [TestCase("long-trns", null)]
    [TestCase("no-iend", "no end (IEND)")]
    [TestCase("cut-iend", "no end (IEND)")]
    [TestCase("extra-data", null)]
    [TestCase("garbage-behind", null)]
    [TestCase("late-plte", null)]
    [TestCase("second-idat", null)]
    public void HarmlessFlawsAreTolerated(string flaw, string? note)
    {
        byte[] header = [0, 0, 0, 2, 0, 0, 0, 2, 8, 3, 0, 0, 0], palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9];
        byte[] samples = [0, 0, 1, 0, 2, 3];
        byte[] text = Chunk("tEXt", "a\0b"u8);
        if (flaw == "text-crc") text[^1] ^= 1;
        byte[] end = Chunk("IEND", []);
        byte[] transparency = new byte[256];
        transparency.AsSpan().Fill(255);
        byte[] before = flaw == "long-trns" ? Chunk("tRNS", transparency) : [];
        byte[] behind = flaw switch
        {
            "no-iend" => [],
            "cut-iend" => end[..7],
            "garbage-behind" => [.. end, .. text],
            "late-plte" => [.. Chunk("PLTE", new byte[12]), .. end],
            "second-idat" => [.. Chunk("tIME", new byte[7]), .. Chunk("IDAT", new byte[3]), .. end],
            _ => end,
        };
        byte[] file =
        [
            0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. text, .. Chunk("PLTE", palette), .. before,
            .. Chunk("IDAT", Compressed(flaw == "extra-data" ? [.. samples, 1, 2, 3, 4, 5] : samples)), .. behind,
        ];
        using PictureDecoder decoder = new();
        ImageHeader read = decoder.Open(file, "a.png");
        Assert.That(decoder.Decode().ToImage().Pixels, Is.EqualTo(palette));
        Assert.That(read.Note, note is null ? Is.Null : Does.Contain(note));
        Assert.That(read.Mode, Is.EqualTo("palette"));
    }

    [Test]
    public void IndexesBeyondThePaletteAreBlack()
    {
        byte[] file =
        [
            0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", [0, 0, 0, 3, 0, 0, 0, 1, 8, 3, 0, 0, 0]), .. Chunk("PLTE", [7, 8, 9]),
            .. Chunk("IDAT", Compressed([0, 0, 1, 255])), .. Chunk("IEND", []),
        ];
        Assert.That(ImageFile.Decode(file, "a.png").Pixels, Is.EqualTo(new byte[] { 7, 8, 9, 0, 0, 0, 0, 0, 0 }));
    }

    /// <summary>
    /// Reads the size of the largest telephones' pictures. Beyond the limit, the message states the limit, not damage.
    /// </summary>
    [TestCase(12_000, 9_000, true)]
    [TestCase(15_000, 9_000, false)]
    public void LargeSizeIsNotReportedAsDamage(int width, int height, bool isRead)
    {
        byte[] header = [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        byte[] lines = new byte[(1 + width / 8) * height];
        lines[^1] = 1;
        byte[] file = [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. Chunk("IDAT", Compressed(lines)), .. Chunk("IEND", [])];
        if (!isRead)
        {
            GpuCnnException e = OneLine.Thrown(() => ImageFile.Decode(file, "a.png"), $"{width}x{height}", "larger than any that is read");
            Assert.That(e.Message, Does.Not.Contain("damaged"));
            return;
        }
        using PictureDecoder decoder = new();
        decoder.Open(file, "a.png");
        Picture corner = decoder.Decode(new Window(width - 2, height - 1, 2, 1));
        Assert.That(corner.Row(0).ToArray(), Is.EqualTo(new byte[] { 0, 255 }));
    }

    private static byte[] Compressed(byte[] data)
    {
        MemoryStream target = new();
        using (ZLibStream stream = new(target, CompressionLevel.Fastest, leaveOpen: true)) stream.Write(data);
        return target.ToArray();
    }

    private static byte[] Chunk(string type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = [0, 0, 0, 0, .. Encoding.ASCII.GetBytes(type), .. data, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), ChecksumOf(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    [TestCase(1, 1, 1)]
    [TestCase(33, 17, 1)]
    [TestCase(40, 25, 3)]
    public void WriterRoundTrips(int width, int height, int channels)
    {
        RandomStream random = new(1, 2, 3);
        PixelImage image = new(width, height, channels);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(i * 3 + random.NextInt(9));
        using TemporaryFolder folder = new();
        ImageFile.Write(folder["a.png"], image);
        PixelImage read = ImageFile.Read(folder["a.png"]);
        Assert.That((read.Width, read.Height, read.Channels), Is.EqualTo((width, height, channels)));
        Assert.That(read.Pixels, Is.EqualTo(image.Pixels));
    }

    [Test]
    public void WriterChoosesFiltersThatCompress()
    {
        PixelImage ramp = new(64, 64, 1);
        for (int i = 0; i < ramp.Pixels.Length; i++) ramp.Pixels[i] = (byte)(i % 64 * 3 + i / 64);
        Assert.That(PngWriter.Encode(ramp, CompressionLevel.Optimal), Has.Length.LessThan(300));
    }

    private static void FixChecksums(byte[] file)
    {
        for (int position = 8; position + 12 <= file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(position));
            if (length < 0 || length > file.Length - position - 12) return;
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(position + 8 + length), ChecksumOf(file.AsSpan(position + 4, 4 + length)));
            if (Encoding.ASCII.GetString(file, position + 4, 4) == "IEND") return;
            position += 12 + length;
        }
    }

    /// <summary>The bitwise definition, independent of the reader's implementation.</summary>
    private static uint ChecksumOf(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int k = 0; k < 8; k++) crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }
        return ~crc;
    }
}
