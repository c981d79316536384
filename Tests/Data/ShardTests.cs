using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>The batches of all ranks, put together, are those of a run without ranks, bit for bit.</summary>
public sealed class ShardTests
{
    private const int Count = 40, Batch = 12, Steps = 7;
    private const string Augmentations = "crop(0.3-1),flip,jitter(0.4)";
    private static readonly Shape Input = Shape.Volume(3, 6, 8);

    private readonly TemporaryFolder _folder = new();
    private ImageSplit _files = null!, _streamed = null!;

    /// <summary>Pictures of two classes of different sizes in files, and the same ones in three compressed shards.</summary>
    [OneTimeSetUp]
    public void Write()
    {
        Random random = new(7);
        string[] files = new string[Count];
        for (int i = 0; i < Count; i++)
        {
            PixelImage image = new(6 + random.Next(9), 6 + random.Next(9), 3);
            random.NextBytes(image.Pixels);
            files[i] = _folder[$"{i:D2}.ppm"];
            ImageFile.Write(files[i], image);
        }
        _files = new FileSplit("files", ["a", "b"], [.. Enumerable.Range(0, Count).Select(Label)], files);
        Directory.CreateDirectory(_folder["shards"]);
        for (int shard = 0; shard < 3; shard++)
        {
            using FileStream file = File.Create(_folder["shards", $"train-{shard}.tar.gz"]);
            using var gzip = new GZipStream(file, CompressionLevel.Fastest);
            using var tar = new TarWriter(gzip, TarEntryFormat.Ustar);
            for (int i = Count * shard / 3; i < Count * (shard + 1) / 3; i++)
            {
                Add($"{i:D2}.ppm", File.ReadAllBytes(files[i]));
                Add($"{i:D2}.cls", Encoding.ASCII.GetBytes($"{Label(i)}"));
            }

            void Add(string name, byte[] content) =>
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
        }
        _streamed = DatasetLocator.Open(_folder["shards"]).Train;
        Assert.That(_streamed.IsStreamed);

        static int Label(int image) => image % 5 == 0 ? 1 : 0;
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void TrainingBatchesTogetherAreThoseOfOneRank(
        [Values("files", "shards", "balanced")] string kind, [Values(1, 2, 3, 4)] int ranks, [Values(1, 2, 3)] int parts,
        [Values(0, 5)] int firstStep)
    {
        using ImageDataset dataset = Open(kind);
        float[][] expected = Train(dataset, null, firstStep);
        // Images of rank 0 first, then of rank 1: as the whole batch has them within each part.
        float[][][] shares = [.. Enumerable.Range(0, ranks).Select(rank => Train(dataset, new Shard(rank, ranks, parts), firstStep))];
        for (int step = 0; step < expected.Length; step++)
        {
            List<float> together = [];
            for (int part = 0; part < parts; part++)
                foreach (float[][] share in shares)
                {
                    int own = share[step].Length / parts;
                    together.AddRange(share[step].AsSpan(part * own, own));
                }
            Assert.That(together, Is.EqualTo(expected[step]), $"step {firstStep + step}");
        }
    }

    [Test]
    public void EvaluationsTogetherAreAllImagesOnce([Values("files", "shards")] string kind, [Values(1, 2, 3, 4, 41)] int ranks)
    {
        using ImageDataset dataset = Open(kind);
        float[] expected = Values(dataset.ReadEvaluation(Batch));
        Assert.That(expected, Has.Length.EqualTo(Count * (Input.Count + 1)));
        Assert.That(Enumerable.Range(0, ranks).SelectMany(rank => Values(dataset.ReadEvaluation(3, new Shard(rank, ranks)))),
            Is.EqualTo(expected));
    }

    [Test]
    public void TenCropsTogetherAreThoseOfAllImages([Values(1, 3)] int ranks)
    {
        using ImageDataset dataset = Open("files");
        Assert.That(Enumerable.Range(0, ranks).SelectMany(rank => Values(dataset.ReadTenCrops(20, new Shard(rank, ranks)))),
            Is.EqualTo(Values(dataset.ReadTenCrops(20))));
    }

    [Test]
    public void EachRankMixesItsOwnImagesByDrawsOfItsOwn()
    {
        using ImageDataset plain = Open("files"), mixed = Open("files", new BatchMixing(0.4, 0));
        float[] whole = Shares(mixed, null);
        Assert.That(Shares(mixed, new Shard(0, 1)), Is.EqualTo(whole));
        Assert.That(Shares(mixed, new Shard(0, 2)), Is.EqualTo(whole), "rank 0 draws as a run without ranks");
        float[] second = Shares(mixed, new Shard(1, 2)), again = Shares(mixed, new Shard(1, 2));
        Assert.That(again, Is.EqualTo(second));
        Assert.That(second.Zip(whole).Count(pair => pair.First == pair.Second), Is.Zero);
        using IBatchReader reader = mixed.ReadTraining(Batch, 3, 0, new Shard(1, 2)), images = plain.ReadTraining(Batch, 3, 0, new(1, 2));
        Batch blend = reader.Next()!, own = images.Next()!;
        for (int i = 0; i < own.Count; i++)
        {
            int other = (i + own.Count - 1) % own.Count;
            float share = blend.Shares[i];
            Assert.That((blend.Labels[i], blend.Others[i]), Is.EqualTo((own.Labels[i], own.Labels[other])));
            for (int j = 0; j < Input.Count; j++)
                Assert.That(blend.Image(i)[j], Is.EqualTo(own.Image(i)[j] * share + own.Image(other)[j] * (1 - share)).Within(1e-6));
        }

        static float[] Shares(ImageDataset dataset, Shard? shard)
        {
            using IBatchReader reader = dataset.ReadTraining(Batch, 3, 0, shard);
            return [.. Enumerable.Range(0, Steps).Select(_ => reader.Next()!.Shares[0])];
        }
    }

    [Test]
    public void ABatchHasAnImageForEachRank()
    {
        using ImageDataset dataset = Open("files");
        OneLine.Thrown(() => dataset.ReadTraining(Batch, 1, 0, new Shard(0, 13)), "13 ranks", "12");
        OneLine.Thrown(() => dataset.ReadTraining(Batch, 1, 0, new Shard(0, 5, Parts: 3)), "5 ranks", "4");
        dataset.ReadTraining(Batch, 1, 0, new Shard(4, 12)).Dispose();
    }

    private ImageDataset Open(string kind, BatchMixing? mixing = null) => new(kind == "shards" ? _streamed : _files,
        new ImagePreprocessor(Input, ImageFit.Resize, [0.1f, 0.2f, 0.3f], [0.5f, 0.6f, 0.7f]) { ResizeTo = 9 },
        Augmentation.Parse(Augmentations, Input), new() { Workers = 2, DrawsClassesEvenly = kind == "balanced", Mixing = mixing });

    private static float[][] Train(ImageDataset dataset, Shard? shard, int firstStep)
    {
        using IBatchReader reader = dataset.ReadTraining(Batch, 3, firstStep, shard);
        return [.. Enumerable.Range(0, Steps).Select(_ => Values(reader.Next()!))];
    }

    private static float[] Values(IBatchReader reader)
    {
        List<float> values = [];
        using (reader)
            while (reader.Next() is { } batch) values.AddRange(Values(batch));
        return [.. values];
    }

    /// <summary>The values and the label of each image.</summary>
    private static float[] Values(Batch batch) =>
        [.. Enumerable.Range(0, batch.Count).SelectMany(i => (float[])[.. batch.Image(i), batch.Labels[i]])];
}
