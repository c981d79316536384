using System.Security.Cryptography;
using GpuCnn.Data;
using GpuCnn.Data.Jpeg;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Compares with pixels that Pillow decoded with libjpeg-turbo; make_jpeg_vectors.py wrote files and hashes.</summary>
public sealed class JpegTests
{
    private static IReadOnlyDictionary<string, byte[]> Files => JpegVectors.Files;

    private static IEnumerable<Expected> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' ')).Select(p => new Expected(p[0], int.Parse(p[1]), int.Parse(p[2]), int.Parse(p[3]), p[4]));

    private static IEnumerable<Expected> Generated() => Lines(System.Text.Encoding.ASCII.GetString(Files["expected.txt"]));

    private static string HashOf(PixelImage image) => Convert.ToHexStringLower(SHA256.HashData(image.Pixels));

    /// <summary>Samplings 4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1 and others, gray, RGB, restarts, all qualities, 1x1 to 90x90.</summary>
    [Test]
    public void FastPathEqualsPillow()
    {
        using JpegReader reader = new();
        using Picture picture = new();
        Expected[] all = [.. Generated()];
        Assert.That(all, Has.Length.GreaterThan(150));
        Assert.Multiple(() =>
        {
            foreach (Expected e in all)
            {
                ImageHeader header = reader.ReadHeader(Files[e.Name], e.Name);
                reader.Decode(Files[e.Name], e.Name, Window.Whole(header.Width, header.Height), picture);
                Assert.That(reader.WasSequential, Is.True, $"{e.Name} is declined");
                Assert.That((picture.Width, picture.Height, picture.Channels), Is.EqualTo((e.Width, e.Height, e.Channels)), e.Name);
                Assert.That(HashOf(picture.ToImage()), Is.EqualTo(e.Hash), e.Name);
            }
        });
    }

    [Test]
    public void WindowsAreCutOutOfTheWhole()
    {
        using JpegReader reader = new();
        using Picture picture = new();
        RandomStream random = new(3, 1, 4);
        foreach (Expected e in Generated())
        {
            byte[] file = Files[e.Name];
            PixelImage whole = ImageFile.Decode(file, e.Name);
            reader.ReadHeader(file, e.Name);
            for (int i = 0; i < 40; i++)
            {
                int x = random.NextInt(e.Width), y = random.NextInt(e.Height);
                Window window = new(x, y, 1 + random.NextInt(e.Width - x), 1 + random.NextInt(e.Height - y));
                reader.Decode(file, e.Name, window, picture);
                byte[] expected = whole.Window(x, y, window.Width, window.Height).Pixels;
                Assert.That(picture.ToImage().Pixels, Is.EqualTo(expected), $"{window} of {e.Name}");
            }
        }
    }

    [Test]
    public void PhotographsEqualPillow()
    {
        string folder = TestData.Require("imagenet-sample");
        using PictureDecoder decoder = new() { AppliesOrientation = false };
        Expected[] all = [.. Lines(File.ReadAllText(Path.Combine(JpegVectors.Folder, "jpeg-sample.txt")))];
        Assert.That(all, Has.Length.EqualTo(107));
        foreach (Expected e in all)
        {
            decoder.Open(Path.Combine(folder, e.Name));
            PixelImage image = decoder.Decode().ToImage();
            Assert.That((image.Width, image.Height, image.Channels), Is.EqualTo((e.Width, e.Height, e.Channels)), e.Name);
            Assert.That(HashOf(image), Is.EqualTo(e.Hash), e.Name);
        }
    }

    [Test]
    public void DecodingAllocatesNothing()
    {
        using JpegReader reader = new();
        using Picture picture = new();
        byte[][] files = [Files["420-1-90x90.jpg"], Files["444-1-90x90.jpg"], Files["422-1-90x90.jpg"]];
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (byte[] file in files)
            {
                ImageHeader header = reader.ReadHeader(file, "a");
                reader.Decode(file, "a", Window.Whole(header.Width, header.Height), picture);
            }
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public void CutAnywhereGivesOneLineError()
    {
        byte[] whole = Files["420-1-90x90.jpg"];
        for (int length = 0; length < whole.Length; length += length < 700 ? 1 : 37)
            OneLine.Thrown(() => ImageFile.Decode(whole[..length], "cut.jpg"), "cut.jpg");
    }

    [TestCase(12, "12 bits")]
    [TestCase(8, "2 components", 2)]
    public void UnsupportedFramesGiveOneLineErrors(int bits, string part, int components = 3)
    {
        byte[] file = (byte[])Files["444-1-90x90.jpg"].Clone();
        int frame = FrameOf(file);
        file[frame + 4] = (byte)bits;
        file[frame + 9] = (byte)components;
        OneLine.Thrown(() => ImageFile.Decode(file, "a.jpg"), "JPEG 'a.jpg'", part, "convert it");
    }

    [TestCase(60_000, 60_000, "larger than any that is read")]
    [TestCase(9_000, 9_000, "only")]
    [TestCase(0, 90, "at least 1")]
    public void FalseExtentsAreRefusedAtOnce(int width, int height, string part)
    {
        byte[] file = (byte[])Files["420-1-90x90.jpg"].Clone();
        int frame = FrameOf(file);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), (ushort)height);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), (ushort)width);
        long before = GC.GetAllocatedBytesForCurrentThread();
        OneLine.Thrown(() => ImageFile.Decode(file, "bomb.jpg"), "bomb.jpg", part);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    /// <summary>Offset of the frame header, baseline or extended.</summary>
    private static int FrameOf(byte[] file) =>
        Math.Max(file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]), file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC1]));

    private sealed record Expected(string Name, int Width, int Height, int Channels, string Hash);
}
