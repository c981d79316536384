using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Batches of images in files have the same bytes for any number of workers and any cache.</summary>
public sealed class FeedTests
{
    private const int Count = 30, Batch = 8, Steps = 8;
    private static readonly Shape Input = Shape.Volume(3, 20, 24);

    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void WorkersAndCachesChangeNoByte(
        [Values("crop2,flip", "scale(30),flip", "crop(0.08-1),flip,trivialaugment,pca,erase(0.5)")] string augmentation,
        [Values(1, 3, 8)] int workers, [Values] CacheKind cache)
    {
        FileSplit split = Split("same");
        float[][] expected = Train(split, augmentation, new FeedOptions { Workers = 1, Cache = CacheKind.None }, 0, Steps);
        // Room for some of the pictures only, and then for all.
        foreach (long bytes in new[] { 20_000L, 1L << 30 })
        {
            using TemporaryFolder caches = new();
            FeedOptions options = new() { Workers = workers, Cache = cache, Budget = new(bytes), CacheFolder = caches.Path };
            Assert.That(Train(split, augmentation, options, 0, Steps), Is.EqualTo(expected), $"budget {bytes}");
            // A later run reuses the disk cache, and begins in the middle of an epoch.
            options = options with { Budget = new(bytes) };
            Assert.That(Train(split, augmentation, options, 5, Steps - 5), Is.EqualTo(expected[5..]), $"later, budget {bytes}");
        }
    }

    [Test]
    public void EvaluatedImagesAreTheSameFromEveryCache([Values("none", "crop(0.08-1)")] string augmentation, [Values] CacheKind cache)
    {
        FileSplit split = Split("judged");
        using TemporaryFolder caches = new();
        FeedOptions options = new() { Workers = 3, Cache = cache, CacheFolder = caches.Path };
        using ImageDataset plain = Open(split, "none", new FeedOptions { Workers = 1, Cache = CacheKind.None }),
            kept = Open(split, augmentation, options);
        float[][] expected = Read(plain.ReadEvaluation(Batch));
        for (int round = 0; round < 2; round++) Assert.That(Read(kept.ReadEvaluation(Batch)), Is.EqualTo(expected));
    }

    [Test]
    public void MixedBatchesAreTheSameWithAnyWorkers([Values(1, 3, 8)] int workers)
    {
        FileSplit split = Split("mixed");
        BatchMixing mixing = new(0.4, 1);
        float[][] expected = Train(split, "crop(0.5-1)", new FeedOptions { Workers = 1, Mixing = mixing }, 0, Steps);
        Assert.That(Train(split, "crop(0.5-1)", new FeedOptions { Workers = workers, Mixing = mixing }, 3, Steps - 3),
            Is.EqualTo(expected[3..]));
        Assert.That(expected, Is.Not.EqualTo(Train(split, "crop(0.5-1)", new FeedOptions { Workers = 1 }, 0, Steps)));
    }

    [Test]
    public void TenCropsAreTheCornersTheCentreAndTheirMirrors()
    {
        FileSplit split = Split("crops");
        ImagePreprocessor preprocessor = new(Input, ImageFit.Resize, [0, 0, 0], [1, 1, 1]) { ResizeTo = 30 };
        using ImageDataset dataset = new(split, preprocessor, options: new() { Workers = 3 });
        float[][] crops = Read(dataset.ReadTenCrops(20));
        float[][] judged = Read(dataset.ReadEvaluation(1));
        Assert.That(crops, Has.Length.EqualTo(Count * ImageDataset.Crops / 20));
        for (int image = 0; image < Count; image++)
        {
            float[] View(int view)
            {
                int at = image * ImageDataset.Crops + view;
                return crops[at / 20].AsSpan(at % 20 * Input.Count, Input.Count).ToArray();
            }
            Assert.That(View(4), Is.EqualTo(judged[image][..Input.Count]), $"centre of image {image}");
            Assert.That(Enumerable.Range(0, 10).Select(View), Is.Unique);
            // With an odd number of columns the center is half a pixel off; corners are exact.
            foreach ((int view, int mirrored) in new[] { (0, 6), (1, 5), (2, 8), (3, 7) })
                Assert.That(Mirror(View(view)), Is.EqualTo(View(mirrored)));
        }
    }

    [Test]
    public void FirstUnreadableImageOfABatchIsReported()
    {
        FileSplit split = Split("broken");
        // In file order, so that both are in the first batch.
        foreach (int image in new[] { 6, 2 }) File.WriteAllBytes(split.Name(image), [1, 2, 3]);
        for (int round = 0; round < 20; round++)
        {
            using ImageDataset dataset = Open(Split("broken", write: false), "none",
                new FeedOptions { Workers = 5, Cache = CacheKind.None });
            using IBatchReader reader = dataset.ReadEvaluation(Batch);
            OneLine.Thrown(() => reader.Next(), Path.GetFileName(split.Name(2)));
        }
    }

    private static float[] Mirror(float[] values)
    {
        int row = Input.Width * Input.Channels;
        return [.. values.Chunk(row).SelectMany(pixels => pixels.Chunk(Input.Channels).Reverse().SelectMany(pixel => pixel))];
    }

    /// <summary>Pictures of many sizes, some of them gray.</summary>
    private FileSplit Split(string name, bool write = true)
    {
        Random random = new(3);
        string[] files = new string[Count];
        for (int i = 0; i < Count; i++)
        {
            PixelImage image = new(20 + random.Next(60), 20 + random.Next(60), i % 5 == 0 ? 1 : 3);
            random.NextBytes(image.Pixels);
            files[i] = _folder[name, $"{i:D2}.png"];
            Directory.CreateDirectory(Path.GetDirectoryName(files[i])!);
            if (write) ImageFile.Write(files[i], image);
        }
        return new FileSplit(name, ["a", "b"], [.. Enumerable.Range(0, Count).Select(i => i % 2)], files);
    }

    private static ImageDataset Open(ImageSplit split, string augmentation, FeedOptions options) =>
        new(split, new ImagePreprocessor(Input, ImageFit.Resize, [0.1f, 0.2f, 0.3f], [0.5f, 0.6f, 0.7f]),
            Augmentation.Parse(augmentation, Input), options);

    private static float[][] Train(ImageSplit split, string augmentation, FeedOptions options, long firstStep, int steps)
    {
        using ImageDataset dataset = Open(split, augmentation, options);
        using IBatchReader reader = dataset.ReadTraining(Batch, seed: 9, firstStep);
        return [.. Enumerable.Range(0, steps).Select(_ => Values(reader.Next()!))];
    }

    private static float[][] Read(IBatchReader reader)
    {
        List<float[]> read = [];
        using (reader)
            while (reader.Next() is { } batch) read.Add(Values(batch));
        return [.. read];
    }

    private static float[] Values(Batch batch) =>
        [.. batch.Images, .. batch.Labels.Select(label => (float)label), .. batch.Others.Select(label => (float)label), .. batch.Shares];
}
