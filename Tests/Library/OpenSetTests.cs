using GpuCnn.Data;
using GpuCnn.Data.Formats;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Library;

/// <summary>Members of Data's open sets that a program of a user's has: here, this assembly.</summary>
public sealed class OpenSetTests
{
    [Test]
    public void AnAugmentationOfTheProgramIsFoundByName()
    {
        var parsed = Augmentation.Parse("flip,invert");
        Assert.That(parsed.Select(step => step.GetType()), Is.EqualTo(new[] { typeof(Flip), typeof(Invert) }));
        Augmentation objects = [new Flip(), new Invert()];
        Assert.That(parsed.ToString(), Is.EqualTo(objects.ToString()));
        var image = new PixelImage(4, 4, 1);
        Array.Fill(image.Pixels, (byte)51);
        var split = new MemorySplit("one", ["all"], [0], [image], "one");
        using var dataset = new ImageDataset(split, new ImagePreprocessor(Shape.Volume(1, 4, 4), ImageFit.Resize, [0], [1]),
            [new Invert()]);
        using Engine.Datasets.IBatchReader reader = dataset.ReadTraining(1, seed: 1, firstStep: 0);
        Assert.That(reader.Next()!.Image(0).ToArray(), Is.All.EqualTo(0.8f).Within(1e-6));
    }

    [Test]
    public void ADataSetFormatOfTheProgramIsFound()
    {
        using TemporaryFolder folder = new();
        folder.Add("red 3\nblue 2\n"u8.ToArray(), "swatches", "colours.swatch");
        var data = ImageData.Open(folder["swatches"]);
        Assert.That(data.Description, Does.StartWith("swatches: 5 images of 2x2 RGB in 2 classes"));
        Assert.That(data.Training.Labels, Is.EqualTo(new[] { 0, 0, 0, 1, 1 }));
    }

    [Test]
    public void AnImageFormatOfTheProgramIsFound()
    {
        using TemporaryFolder folder = new();
        string path = folder.Add([.. "PLAIN"u8, 3, 2, 77], "gray.plain");
        Assert.That(ImageFile.HasReadableExtension(path));
        PixelImage image = ImageFile.Read(path);
        Assert.That((image.Width, image.Height, image.Channels), Is.EqualTo((3, 2, 1)));
        Assert.That(image.Pixels, Is.All.EqualTo(77));
    }

    [TestCaseSource(nameof(Steps))]
    public void AStepReadsBackFromItsText(AugmentationStep step) =>
        Assert.That(Augmentation.Parse(step.ToString()!).Single().ToString(), Is.EqualTo(step.ToString()));

    [Test]
    public void ConstructorsRefuseNumbersOutOfRange()
    {
        OneLine.Thrown(() => _ = new RandomCrop(0), "RandomCrop expects pixels of padding from 1 to 512", "0");
        OneLine.Thrown(() => _ = new RandomErasing(1.5), "RandomErasing", "1.5");
        OneLine.Thrown(() => _ = new RandomResizedCrop(0.5, 0.2), "RandomResizedCrop", "0.2");
        OneLine.Thrown(() => _ = new ColorJitter(0, 0, 0), "above 0");
        OneLine.Thrown(() => _ = Augmentation.Create(new RandomResizedCrop(), new TenCrops()), "one way to crop");
    }

    private static IEnumerable<AugmentationStep> Steps =>
    [
        new Flip(), new RandomCrop(), new RandomResizedCrop(), new RandomResizedCrop(0.25, 0.5, 1, 2), new RandomScale(),
            new RandomScale(20, 30),
        new TenCrops(), new TenCrops(40, fromSquare: true), new ColorJitter(), new ColorJitter(0.1, 0.2, 0.3, 0.4), new PcaLighting(),
            new RandomGrayscale(),
        new RandomRotation(), new RandomErasing(), new RandAugment(), new TrivialAugment(), new Invert(),
    ];
}

/// <summary>Turns light into dark.</summary>
public sealed class Invert : PixelStep
{
    public override string Name => "invert";

    public override void Apply(ref RandomStream random, PictureCanvas canvas)
    {
        foreach (ref byte value in canvas.Pixels) value = (byte)(255 - value);
    }
}

/// <summary>Images of one gray: the word PLAIN, columns, rows and the gray.</summary>
public sealed class PlainReader : IImageDecoder
{
    private static ReadOnlySpan<byte> Magic => "PLAIN"u8;

    public string Format => "Plain";

    public IReadOnlyList<string> Extensions => [".plain"];

    public bool Matches(ReadOnlySpan<byte> content) => content.StartsWith(Magic);

    public ImageHeader ReadHeader(ReadOnlySpan<byte> content, string name) => content.Length == Magic.Length + 3
        ? new(Format, content[^3], content[^2], 1, "gray") : throw new GpuCnnException($"Plain '{name}': expected 8 bytes.");

    public void Decode(ReadOnlySpan<byte> content, string name, Window window, Picture picture)
    {
        picture.Reset(window, channels: 1);
        for (int y = 0; y < window.Height; y++) picture.Row(y).Fill(content[^1]);
    }

    public void Dispose() { }
}

/// <summary>A file that names colours and how many pictures of each there are.</summary>
public sealed class Swatches : IDatasetFormat
{
    public string Expected => "a folder with a .swatch file";

    public bool Recognises(string path) => Directory.Exists(path) && Directory.GetFiles(path, "*.swatch").Length == 1;

    public LocatedDataset Open(string path)
    {
        (string Name, int Count)[] rows = [.. File.ReadAllLines(Directory.GetFiles(path, "*.swatch")[0]).Select(line => line.Split(' '))
            .Select(parts => (parts[0], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)))];
        int[] labels = [.. rows.Index().SelectMany(row => Enumerable.Repeat(row.Index, row.Item.Count))];
        var split = new MemorySplit("swatches", [.. rows.Select(row => row.Name)], labels,
            [.. labels.Select(_ => new PixelImage(2, 2, 3))], path);
        return new LocatedDataset(path, "swatches", split, null) { Size = new NativeSize(2, 2, 3, true) };
    }
}
