using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Sampling that draws each class equally often.</summary>
public sealed class BalancedOrderTests
{
    private static readonly Shape Input = Shape.Volume(3, 8, 8);

    [Test]
    public void ClassesComeEquallyOftenInEachEpochAndOverAll([Values("90,9,1", "5,5,5", "1,1,1,97", "3", "0,4,0,50")] string sizes)
    {
        MemorySplit split = Split(sizes);
        int[] drawn = new int[split.Classes.Count], present = [.. split.Labels.Distinct()];
        for (int epoch = 0; epoch < 7; epoch++)
        {
            int[] inEpoch = new int[split.Classes.Count];
            foreach (int image in Draws(split, 1, 3, epoch * (long)split.Count, split.Count).Images) inEpoch[split.Labels[image]]++;
            Assert.That(present.Max(label => inEpoch[label]) - present.Min(label => inEpoch[label]), Is.LessThanOrEqualTo(1));
            Assert.That(inEpoch.Sum(), Is.EqualTo(split.Count));
            for (int label = 0; label < drawn.Length; label++) drawn[label] += inEpoch[label];
            Assert.That(present.Max(label => drawn[label]) - present.Min(label => drawn[label]), Is.LessThanOrEqualTo(1));
        }
    }

    /// <summary>An image comes again only after all others of its class, with another round each time.</summary>
    [Test]
    public void ImagesOfAClassTakeTurns()
    {
        MemorySplit split = Split("40,7,1");
        (int[] images, long[] rounds) = Draws(split, 4, 5, 0, 12 * 60);
        foreach (IGrouping<int, int> label in Enumerable.Range(0, images.Length).GroupBy(i => split.Labels[images[i]]))
        {
            int size = split.Labels.Count(other => other == label.Key);
            int[] counts = [.. Enumerable.Range(0, split.Count).Where(image => split.Labels[image] == label.Key)
                .Select(image => label.Count(i => images[i] == image))];
            Assert.That(counts.Max() - counts.Min(), Is.LessThanOrEqualTo(1), $"class {label.Key} of {size}");
            Assert.That(label.Select(i => (images[i], rounds[i])), Is.Unique);
        }
    }

    [Test]
    public void OrdersFollowFromSeedAndEpochAlone()
    {
        MemorySplit split = Split("30,11,6");
        int[] all = Draws(split, 5, seed: 9, 0, 60).Images;
        for (int first = 0; first < 60; first += 7)
            Assert.That(Draws(split, 5, seed: 9, first, 60 - first).Images, Is.EqualTo(all[(first * 5)..]), $"from step {first}");
        Assert.That(Draws(split, 5, seed: 10, 0, 60).Images, Is.Not.EqualTo(all));
        Assert.That(all[..45], Is.Not.EqualTo(all[45..90]), "another epoch");
    }

    /// <summary>Repeated images of an epoch are changed in other ways; any number of workers gives the same bytes.</summary>
    [Test]
    public void BatchesAreTheSameWithAnyWorkersAndDrawsOfAnImageDiffer([Values(1, 3)] int workers)
    {
        MemorySplit split = Split("20,2");
        float[][] expected = Read(1, 0, 8), actual = Read(workers, 3, 5);
        Assert.That(actual, Is.EqualTo(expected[3..]));
        // The images of an epoch are many fewer than its draws, but all inputs differ.
        Assert.That(expected.SelectMany(batch => batch.Chunk(Input.Count)).Select(image => string.Join(' ', image)), Is.Unique);

        float[][] Read(int threads, long first, int steps)
        {
            using ImageDataset dataset = Open(split, new() { Workers = threads, DrawsClassesEvenly = true }, "crop(0.08-1),jitter(0.4)");
            Assert.That(dataset.DrawsClassesEvenly);
            using IBatchReader reader = dataset.ReadTraining(5, seed: 2, first);
            return [.. Enumerable.Range(0, steps).Select(_ => reader.Next()!.Images.ToArray())];
        }
    }

    [Test]
    public void StreamedSplitsAreRefused()
    {
        var streamed = new StreamedSplit("shards", ["a"], [], []);
        foreach (ImageSplit split in new ImageSplit[] { streamed, new SubsetSplit("some", streamed, []) })
        {
            Exception refused = OneLine.Thrown(() => Open(split, new() { DrawsClassesEvenly = true }).Dispose(), "front to back");
            Assert.That(((SettingConflictException)refused).Names, Is.EqualTo(new[] { "balanced-sampling" }));
            Open(split, new()).Dispose();
        }
    }

    private static (int[] Images, long[] Rounds) Draws(ImageSplit split, int batch, ulong seed, long first, int steps)
    {
        var order = new BalancedOrder(split, batch, seed);
        int[] images = new int[steps * batch];
        long[] rounds = new long[steps * batch];
        for (int step = 0; step < steps; step++)
            Assert.That(order.Images(first + step, images.AsSpan(step * batch, batch), rounds.AsSpan(step * batch, batch)),
                Is.EqualTo(batch));
        return (images, rounds);
    }

    private static ImageDataset Open(ImageSplit split, FeedOptions options, string augmentation = "none") =>
        new(split, new ImagePreprocessor(Input, ImageFit.Resize, [0, 0, 0], [1, 1, 1]), Augmentation.Parse(augmentation, Input), options);

    /// <summary>Noise, with so many images of each class, the classes one after another.</summary>
    private static MemorySplit Split(string sizes)
    {
        int[] counts = [.. sizes.Split(',').Select(int.Parse)];
        int[] labels = [.. counts.SelectMany((count, label) => Enumerable.Repeat(label, count))];
        Random random = new(4);
        PixelImage[] images = [.. labels.Select(_ =>
        {
            PixelImage image = new(24, 24, 3);
            random.NextBytes(image.Pixels);
            return image;
        })];
        return new("memory", [.. counts.Select((_, label) => $"class {label}")], labels, images, "memory");
    }
}
