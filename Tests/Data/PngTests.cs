using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using GpuCnn.Data.Formats;
using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Against files and pixels that make_png_vectors.py wrote with another encoder and with Pillow.</summary>
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
    public void FileCutAnywhereIsOneLine(string name)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Vectors, name + ".png"));
        for (int length = 0; length < whole.Length; length++)
            OneLine.Thrown(() => ImageFile.Decode(whole[..length], name), name);
    }

    [TestCase("color3-depth4")]
    [TestCase("color6-depth16-adam7")]
    [TestCase("ancillary")]
    public void FlippedBitIsOneLine(string name)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Vectors, name + ".png"));
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            OneLine.Thrown(() => ImageFile.Decode(damaged, name), name);
        }
    }

    /// <summary>With checksums made right again, damage reaches the inner parts: it may decode to something, or be one line.</summary>
    [TestCase("color3-depth2-adam7")]
    [TestCase("rgb8-key")]
    [TestCase("color0-depth1")]
    public void FlippedBitUnderRightChecksumNeverSurprises(string name)
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
            (10_000, 9_999), (0, 7)])
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
        file[^1] ^= 1;
        OneLine.Thrown(() => ImageFile.Decode(file, "a.png"), "PNG 'a.png'", "checksum", "IEND", "copy it again");
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
    public void WriterFilters()
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
            // Another implementation than the reader's: the bitwise definition.
            uint crc = 0xFFFFFFFF;
            foreach (byte b in file.AsSpan(position + 4, 4 + length))
            {
                crc ^= b;
                for (int k = 0; k < 8; k++) crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(position + 8 + length), ~crc);
            if (Encoding.ASCII.GetString(file, position + 4, 4) == "IEND") return;
            position += 12 + length;
        }
    }
}
