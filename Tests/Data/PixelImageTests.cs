using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class PixelImageTests
{
    private static string Vectors => Path.Combine(TestData.RepositoryRoot, "Tests", "Data", "vectors");

    /// <summary>Expected pixels are those of Pillow 9.4's resize(BILINEAR) and convert("L").</summary>
    private static IEnumerable<TestCaseData> Resized() => File.ReadLines(Path.Combine(Vectors, "resize.txt"))
        .Select(line => line.Split(' '))
        .Select(p => new TestCaseData(p[0], p[1], p[2], p[3]).SetArgDisplayNames(p[0], p[1], p[2]));

    [TestCaseSource(nameof(Resized))]
    public void ResizesAsPillow(string name, string width, string height, string pixels)
    {
        PixelImage image = ImageFile.Read(Path.Combine(Vectors, name + ".png"));
        PixelImage result = width == "gray" ? image.ToGray() : image.Resize(int.Parse(width), int.Parse(height));
        Assert.That(Convert.ToHexStringLower(result.Pixels), Is.EqualTo(pixels));
    }

    [Test]
    public void WindowCropsAndPads()
    {
        PixelImage image = new(3, 2, 1, [1, 2, 3, 4, 5, 6]);
        Assert.That(image.Window(1, 0, 2, 2).Pixels, Is.EqualTo(new byte[] { 2, 3, 5, 6 }));
        Assert.That(image.Window(-1, -1, 3, 2).Pixels, Is.EqualTo(new byte[] { 0, 0, 0, 0, 1, 2 }));
        Assert.That(image.Window(2, 1, 2, 2).Pixels, Is.EqualTo(new byte[] { 6, 0, 0, 0 }));
        Assert.That(image.Window(9, 9, 1, 1).Pixels, Is.EqualTo(new byte[] { 0 }));
        Assert.That(image.ToRgb().Window(1, 1, 1, 1).Pixels, Is.EqualTo(new byte[] { 5, 5, 5 }));
    }

    [TestCase(28, 28, 32, 32, "2,2")]
    [TestCase(28, 27, 32, 32, "2,2")]
    [TestCase(64, 16, 32, 32, "0,12")]
    public void PadCentres(int width, int height, int inputWidth, int inputHeight, string firstWhite)
    {
        PixelImage white = new(width, height, 1);
        white.Pixels.AsSpan().Fill(255);
        PixelImage fitted = white.FitTo(inputWidth, inputHeight, ImageFit.Pad);
        Assert.That((fitted.Width, fitted.Height), Is.EqualTo((inputWidth, inputHeight)));
        int first = Array.IndexOf(fitted.Pixels, (byte)255);
        Assert.That($"{first % inputWidth},{first / inputWidth}", Is.EqualTo(firstWhite));
        int scaled = width > inputWidth ? 4 : 1;
        Assert.That(fitted.Pixels.Count(p => p == 255), Is.EqualTo(width * height / scaled));
    }

    [Test]
    public void ResizeCoversAndCropsTheCentre()
    {
        // Left half black, right half white, twice as wide as high: the crop keeps the middle.
        PixelImage image = new(80, 40, 1);
        for (int y = 0; y < 40; y++) image.Row(y)[40..].Fill(255);
        PixelImage fitted = image.FitTo(20, 20, ImageFit.Resize);
        Assert.That((fitted.Width, fitted.Height), Is.EqualTo((20, 20)));
        Assert.That(fitted.Row(7)[..9].ToArray(), Is.All.EqualTo(0));
        Assert.That(fitted.Row(7)[11..].ToArray(), Is.All.EqualTo(255));
        Assert.That(fitted.Row(7)[9] + fitted.Row(7)[10], Is.EqualTo(255));
        // Scaling the whole image and then cropping gives the same pixels.
        Assert.That(fitted.Pixels, Is.EqualTo(image.Resize(40, 20).Window(10, 0, 20, 20).Pixels));
    }

    [Test]
    public void StripOfAnyLengthFits()
    {
        Assert.That(new PixelImage(PixelImage.LargestSide, 1, 3).FitTo(224, 224, ImageFit.Resize).Pixels, Is.All.EqualTo(0));
        Assert.That(new PixelImage(1, PixelImage.LargestSide, 3).FitTo(224, 224, ImageFit.Pad).Pixels, Is.All.EqualTo(0));
    }
}
