using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class ImageDatasetTests
{
    private const int Batch = 7;

    [Test]
    public void ThreadsAndCachesChangeNothing([Values(1, 4)] int workers, [Values(0, 500, 1 << 20)] int cacheBytes)
    {
        float[][] expected = ReadSteps(Create(1, 1 << 20), 0, 20), actual = ReadSteps(Create(workers, cacheBytes), 0, 20);
        Assert.That(actual, Is.EqualTo(expected));
    }

    [TestCase(1)]
    [TestCase(6)]
    [TestCase(7)]
    [TestCase(13)]
    public void ResumesAtAnyStep(long step)
    {
        float[][] whole = ReadSteps(Create(3), 0, 20), rest = ReadSteps(Create(2), step, 20 - (int)step);
        Assert.That(rest, Is.EqualTo(whole[(int)step..]));
    }

    [Test]
    public void EpochShowsEachImageOnceInItsOwnOrder()
    {
        // 45 images: 6 steps of 7, and 3 images left over.
        using IBatchReader reader = Create(2, augmentation: "none").ReadTraining(Batch, seed: 5, firstStep: 0);
        List<float[]> epochs = [];
        for (int epoch = 0; epoch < 3; epoch++)
        {
            List<float> firstPixels = [];
            for (int step = 0; step < 6; step++)
            {
                Batch batch = reader.Next()!;
                Assert.That(batch.Count, Is.EqualTo(Batch));
                for (int i = 0; i < Batch; i++)
                {
                    firstPixels.Add(batch.Image(i)[0]);
                    Assert.That(batch.Labels[i], Is.EqualTo((int)MathF.Round(batch.Image(i)[0] * 255) % 3));
                }
            }
            Assert.That(firstPixels, Is.Unique);
            epochs.Add([.. firstPixels]);
        }
        Assert.That(epochs, Is.Unique);
        Assert.That(ReadSteps(Create(2), 0, 3, seed: 6), Is.Not.EqualTo(ReadSteps(Create(2), 0, 3)));
    }

    [Test]
    public void EvaluationReadsEachImageOnceInOrder()
    {
        using IBatchReader reader = Create(3).ReadEvaluation(Batch);
        int seen = 0;
        while (reader.Next() is { } batch)
        {
            for (int i = 0; i < batch.Count; i++, seen++) Assert.That(batch.Image(i)[0], Is.EqualTo(seen / 255f));
            Assert.That(batch.Images.Skip(batch.Count * batch.Shape.Count), Is.All.Zero);
            Assert.That(batch.Labels.Skip(batch.Count), Is.All.EqualTo(-1));
        }
        Assert.That(seen, Is.EqualTo(45));
        Assert.That(reader.Next(), Is.Null);
        using IBatchReader larger = Create(2).ReadEvaluation(100);
        Assert.That(larger.Next()!.Count, Is.EqualTo(45));
        Assert.That(larger.Next(), Is.Null);
    }

    [Test]
    public void SteadyStateAllocatesNothing()
    {
        using IBatchReader reader = Create(2).ReadTraining(Batch, 1, 0);
        for (int step = 0; step < 60; step++) reader.Next();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int step = 0; step < 600; step++) reader.Next();
        // The runtime's own threads may allocate a little meanwhile.
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(20_000));
    }

    [Test]
    public void BatchBeyondTheDataGivesOneLineError() =>
        OneLine.Thrown(() => Create(1).ReadTraining(46, 1, 0), "at most its 45 images", "got 46", "smaller batch");

    [Test]
    public void UnreadableImageThrowsAtNext()
    {
        using TemporaryFolder folder = new();
        for (int i = 0; i < 20; i++) folder.Add([.. "P5 1 1 255\n"u8, (byte)i], "c", $"{i:D2}.pgm");
        folder.Add("P5 1 1 255\n"u8.ToArray(), "c", "13.pgm");
        ImageSplit split = DatasetLocator.Open(folder.Path).Train;
        ImageDataset dataset = new(split, new ImagePreprocessor(Shape.Volume(1, 1, 1), ImageFit.Pad, [0], [1]),
            options: new() { Workers = 4 });
        using IBatchReader reader = dataset.ReadEvaluation(3);
        for (int i = 0; i < 4; i++) Assert.That(reader.Next()!.Count, Is.EqualTo(3));
        OneLine.Thrown(() => reader.Next(), "13.pgm", "damaged");
        OneLine.Thrown(() => reader.Next(), "13.pgm", "damaged");
        OneLine.Thrown(() => NormalizationStatistics.Compute(split, dataset.Shape, ImageFit.Pad), "13.pgm");
    }

    [Test, CancelAfter(20_000)]
    public void DisposeIsPromptWhateverTheRingHolds()
    {
        for (int round = 0; round < 200; round++)
        {
            IBatchReader reader = Create(1 + round % 4).ReadTraining(Batch, (ulong)round, 0);
            for (int i = 0; i < round % 7; i++) reader.Next();
            if (round % 3 == 0) Thread.Sleep(1);
            reader.Dispose();
            reader.Dispose();
            Assert.Throws<ObjectDisposedException>(() => reader.Next());
        }
    }

    [Test]
    public void FlipAndCropMoveWholeImages()
    {
        ImageDataset plain = Create(1, augmentation: "none"), moved = Create(1, augmentation: "flip,crop2");
        Dictionary<float, float[]> originals = [];
        foreach (float[] image in Split(ReadEvaluation(plain))) originals[image[0]] = image;
        HashSet<(int, int, bool)> seen = [];
        foreach (float[] image in Split(ReadSteps(moved, 0, 60)))
        {
            // The image's center pixel always stays visible, and identifies the image.
            List<(int X, int Y, bool Mirrored)> found = [];
            foreach (float[] original in originals.Values)
                for (int y = -2; y <= 2; y++)
                    for (int x = -2; x <= 2; x++)
                        foreach (bool mirrored in (bool[])[false, true])
                            if (Matches(image, original, x, y, mirrored)) found.Add((x, y, mirrored));
            Assert.That(found, Has.Count.EqualTo(1));
            seen.Add(found[0]);
        }
        Assert.That(seen, Has.Count.EqualTo(50), "5 x 5 shifts, mirrored or not");

        static bool Matches(float[] image, float[] original, int shiftX, int shiftY, bool mirrored)
        {
            for (int y = 0; y < 5; y++)
            {
                for (int x = 0; x < 5; x++)
                {
                    int sourceX = (mirrored ? 4 - x : x) + shiftX, sourceY = y + shiftY;
                    float expected = sourceX is >= 0 and < 5 && sourceY is >= 0 and < 5 ? original[sourceY * 5 + sourceX] : 0;
                    if (image[y * 5 + x] != expected) return false;
                }
            }
            return true;
        }
    }

    [TestCase("rotate")]
    [TestCase("flip,")]
    [TestCase("crop")]
    [TestCase("crop-1")]
    [TestCase("crop0")]
    [TestCase("crop9999999999")]
    public void UnknownAugmentationListsTheValidOnes(string text) => OneLine.Thrown(() => Augmentation.Parse(text), "flip", "crop4");

    [Test]
    public void AugmentationParses()
    {
        Assert.That(Augmentation.Parse(" crop4 , flip").ToString(), Is.EqualTo("crop4,flip"));
        Assert.That(Augmentation.Parse("none"), Is.SameAs(Augmentation.None));
    }

    /// <summary>45 images of 5x5. The first pixel is the image's number, and its class is that number modulo 3.</summary>
    private static ImageDataset Create(int workers, long cacheBytes = 1 << 20, string augmentation = "flip,crop1")
    {
        PixelImage[] images = new PixelImage[45];
        RandomStream random = new(1, 1, 1);
        for (int i = 0; i < images.Length; i++)
        {
            images[i] = new PixelImage(5, 5, 1);
            foreach (ref byte pixel in images[i].Pixels.AsSpan()) pixel = (byte)(1 + random.NextInt(255));
            images[i].Pixels[0] = (byte)i;
        }
        MemorySplit split = new("numbers", ["a", "b", "c"], [.. Enumerable.Range(0, 45).Select(i => i % 3)], images, "numbers");
        return new ImageDataset(split, new ImagePreprocessor(Shape.Volume(1, 5, 5), ImageFit.Pad, [0], [1]),
            Augmentation.Parse(augmentation), new FeedOptions { Workers = workers, Budget = new(cacheBytes) });
    }

    private static float[][] ReadSteps(ImageDataset dataset, long firstStep, int steps, ulong seed = 5)
    {
        using IBatchReader reader = dataset.ReadTraining(Batch, seed, firstStep);
        float[][] read = new float[steps][];
        for (int i = 0; i < steps; i++)
        {
            Batch batch = reader.Next()!;
            read[i] = [.. batch.Images, .. batch.Labels.Select(label => (float)label)];
        }
        return read;
    }

    private static float[][] ReadEvaluation(ImageDataset dataset)
    {
        using IBatchReader reader = dataset.ReadEvaluation(Batch);
        List<float[]> read = [];
        while (reader.Next() is { } batch) read.Add(batch.Images[..(batch.Count * 25)]);
        return [.. read];
    }

    private static IEnumerable<float[]> Split(float[][] batches) => batches.SelectMany(batch => batch.Chunk(25))
        .Where(image => image.Length == 25);
}
