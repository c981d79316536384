using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Every kind of file gives the right picture or one clear line.</summary>
public sealed class OddFilesTests
{
    private static IEnumerable<OddFile> Files => OddFiles.All;

    [Test]
    public void EnoughKindsOfFilesAreTested() => Assert.That(OddFiles.All, Has.Count.GreaterThan(120));

    [TestCaseSource(nameof(Files))]
    public void FileGivesItsPictureOrOneLineError(object given)
    {
        OddFile file = (OddFile)given;
        using PictureDecoder decoder = new() { AppliesOrientation = false };
        PixelImage image;
        try
        {
            decoder.Open(file.Content, file.Name);
            image = decoder.Decode().ToImage().ToRgb();
        }
        catch (GpuCnnException e)
        {
            Assert.That(file.Verdict, Is.AnyOf("refuse", "either"), e.Message);
            Assert.That(e.Message, Does.Match(@"^[^\r\n]+\.\z").And.Contain(file.Name));
            return;
        }
        Assert.That(file.Verdict, Is.Not.EqualTo("refuse"), "It was read.");
        Assert.That((image.Width, image.Height), Is.EqualTo((file.Width, file.Height)));
        if (file.Verdict == "equal") Assert.That(image.Pixels, Is.EqualTo(file.Pixels));
        if (file.Verdict != "near") return;
        // ImageSharp repeats chroma that libjpeg interpolates, so edges of strong colors differ.
        int[] differences = [.. image.Pixels.Zip(file.Pixels!, (a, b) => Math.Abs(a - b))];
        Assert.That(differences.Average(), Is.LessThan(6));
        Assert.That(differences.Max(), Is.LessThan(80));
    }

    /// <summary>
    /// Damaged files of every format that claim 60,000 pixels a side allocate nothing of that size, on the heap or outside it.
    /// </summary>
    [Test]
    public void RefusedFilesTakeNoMemory()
    {
        CountingSource memory = new();
        using PictureDecoder decoder = new(memory);
        foreach (OddFile file in OddFiles.All.Where(f => f.Verdict == "refuse"))
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Catch<GpuCnnException>(() =>
            {
                decoder.Open(file.Content, file.Name);
                decoder.Decode();
            }, file.ToString());
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4_000_000), file.ToString());
        }
        Assert.That(memory.Largest, Is.LessThan((nuint)4_000_000));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    [TestCase(5)]
    [TestCase(6)]
    [TestCase(7)]
    [TestCase(8)]
    public void OrientationIsAppliedUnlessDisabled(int orientation)
    {
        byte[] file = OddFiles.Content($"exif{orientation}.jpg");
        using PictureDecoder turning = new(), plain = new() { AppliesOrientation = false };
        ImageHeader header = turning.Open(file, "a.jpg"), stored = plain.Open(file, "a.jpg");
        PixelImage upright = turning.Decode().ToImage(), raw = plain.Decode().ToImage();
        Assert.That(header.Orientation, Is.EqualTo(orientation));
        Assert.That((header.Width, header.Height), Is.EqualTo((upright.Width, upright.Height)));
        Assert.That((stored.Width, stored.Height), Is.EqualTo((raw.Width, raw.Height)));
        Assert.That(upright.Width, Is.EqualTo(orientation < 5 ? raw.Width : raw.Height));
        // Maps a shown pixel to its stored place, following EXIF's standard, which states the edges that row 0 and column 0 are.
        Func<int, int, (int X, int Y)> source = orientation switch
        {
            1 => (x, y) => (x, y),
            2 => (x, y) => (raw.Width - 1 - x, y),
            3 => (x, y) => (raw.Width - 1 - x, raw.Height - 1 - y),
            4 => (x, y) => (x, raw.Height - 1 - y),
            5 => (x, y) => (y, x),
            6 => (x, y) => (y, raw.Height - 1 - x),
            7 => (x, y) => (raw.Width - 1 - y, raw.Height - 1 - x),
            _ => (x, y) => (raw.Width - 1 - y, x),
        };
        for (int y = 0; y < upright.Height; y++)
            for (int x = 0; x < upright.Width; x++)
            {
                (int sourceX, int sourceY) = source(x, y);
                bool isEqual = upright.Row(y).Slice(3 * x, 3).SequenceEqual(raw.Row(sourceY).Slice(3 * sourceX, 3));
                Assert.That(isEqual, Is.True, $"pixel {x}, {y}");
            }
        // A window of the shown picture.
        Window window = new(3, 2, 17, 21);
        turning.Open(file, "a.jpg");
        Assert.That(turning.Decode(window).ToImage().Pixels, Is.EqualTo(upright.Window(3, 2, 17, 21).Pixels));
    }

    [Test]
    public void PngOrientationIsApplied()
    {
        using PictureDecoder decoder = new();
        ImageHeader header = decoder.Open(OddFiles.Content("exif6.png"), "a.png");
        PixelImage raw = ImageFile.Decode(OddFiles.Content("rgb.png"), "b.png"), turned = decoder.Decode().ToImage();
        Assert.That((header.Orientation, header.Width, header.Height), Is.EqualTo((6, raw.Height, raw.Width)));
        Assert.That(turned.Row(0)[..3].ToArray(), Is.EqualTo(raw.Row(raw.Height - 1)[..3].ToArray()));
    }

    [Test]
    public void ExtensionsOfEveryFormatAreListed()
    {
        string[] names =
        [
            "a.jpg", "a.jpeg", "a.JPG", "a.JPEG", "a.jpe", "a.jfif", "a.png", "a.bmp", "a.gif", "a.tif", "a.TIFF", "a.webp", "a.tga",
            "a.ppm", "a.pgm",
        ];
        Assert.That(names.Where(name => !ImageFile.HasReadableExtension(name)), Is.Empty);
        Assert.That(ImageFile.HasReadableExtension("a.txt"), Is.False);
    }

    private sealed class CountingSource : ScratchSource
    {
        public nuint Largest { get; private set; }

        public override bool Suffices(nuint size, nuint needed) => Default.Suffices(size, needed);

        public override nuint Grow(nuint needed) => Default.Grow(needed);

        public override unsafe byte* Allocate(nuint bytes)
        {
            Largest = Math.Max(Largest, bytes);
            return Default.Allocate(bytes);
        }

        public override unsafe void Free(byte* memory) => Default.Free(memory);
    }
}
