using System.Text;
using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class PnmTests
{
    [TestCase("P2 3 2 255 0 1 2 253 254 255", 1, "000102fdfeff")]
    [TestCase("P2\n# a comment\n3 #width\n2\n#\n15\n0 1 2\n 13 14 15\n", 1, "001122ddeeff")]
    [TestCase("P2 3 2 65535 0 65535 32768 257 128 129", 1, "00ff80010001")]
    [TestCase("P3 3 2 1\n1 0 0 0 1 0 0 0 1\n1 1 0 0 1 1 1 1 1", 3, "ff000000ff000000ffffff0000ffffffffff")]
    [TestCase("P5 3 2 255\nABCabc", 1, "414243616263")]
    [TestCase("P5 3 2 200\n@ABabc", 1, "5253547c7d7e")]
    [TestCase("P5\n3 2\n65535\nAABBCCaabbcc", 1, "414243616263")]
    [TestCase("P6#c\n3 2 255\tABCDEFGHIJKLMNOPQR and more", 3, "4142434445464748494a4b4c4d4e4f505152")]
    public void Decodes(string text, int channels, string pixels)
    {
        PixelImage image = ImageFile.Decode(Encoding.ASCII.GetBytes(text), "a");
        Assert.That((image.Width, image.Height, image.Channels), Is.EqualTo((3, 2, channels)));
        Assert.That(Convert.ToHexStringLower(image.Pixels), Is.EqualTo(pixels));
    }

    [TestCase("P5 3 2 255\nABCab", "6 bytes")]
    [TestCase("P5 0 2 255\nABCab", "0x2")]
    [TestCase("P5 3 2 0\nABCabc", "1 to 65,535")]
    [TestCase("P5 3 2 65536\nABCabc", "1 to 65,535")]
    [TestCase("P5 3 2 50\nABCabc", "at most 50")]
    [TestCase("P5 99999999 2 50\nABCabc", "seven digits")]
    [TestCase("P6 60000 60000 255\nABC", "60000x60000")]
    [TestCase("P6 9000 9000 255\nABC", "243,000,000")]
    [TestCase("P2 3 2 255 0 1 2 3 4 x", "the byte 78")]
    [TestCase("P2 3 2 255 000 111 222 3 4 ", "the end of the file")]
    [TestCase("P5 3 2 -1\nABCabc", "the byte 2D")]
    [TestCase("P5 3 2 255ABCabcd", "white space")]
    [TestCase("P4 3 2 255ABCabcd", "PNG, PNM")]
    public void RefusesWithOneLine(string text, string part) =>
        OneLine.Thrown(() => ImageFile.Decode(Encoding.ASCII.GetBytes(text), "b.ppm"), "'b.ppm'", part);

    [TestCase("P3 2 2 255 1 2 3 4 5 6 7 8 9 10 11 12")]
    [TestCase("P6 2 2 1000\nABCDEFGHIJKLMNOPQRSTUVWX")]
    public void CutOrFlippedFileIsReadOrRefused(string text)
    {
        byte[] whole = Encoding.ASCII.GetBytes(text);
        for (int length = 0; length < whole.Length; length++) Try(whole[..length]);
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Try(damaged);
        }

        static void Try(byte[] content)
        {
            try
            {
                ImageFile.Decode(content, "c");
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Not.Contain("\n"));
            }
        }
    }

    [Test]
    public void WriterFollowsTheExtension()
    {
        PixelImage rgb = new(2, 1, 3, [255, 0, 0, 9, 9, 9]);
        using TemporaryFolder folder = new();
        ImageFile.Write(folder["a.ppm"], rgb);
        ImageFile.Write(folder["a.pgm"], rgb);
        Assert.That(File.ReadAllBytes(folder["a.ppm"]), Is.EqualTo("P6\n2 1\n255\n"u8.ToArray().Concat(rgb.Pixels)));
        // 0.299 · 255 = 76.245
        Assert.That(File.ReadAllBytes(folder["a.pgm"]), Is.EqualTo("P5\n2 1\n255\n"u8.ToArray().Concat(new byte[] { 76, 9 })));
        OneLine.Thrown(() => ImageFile.Write(folder["a.gif"], rgb), "a.gif", ".png", ".ppm");
        OneLine.Thrown(() => ImageFile.Write(folder["none", "a.png"], rgb), "none");
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(2));
    }
}
