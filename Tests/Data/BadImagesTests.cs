using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class BadImagesTests
{
    private const int Count = 250, Batch = 10;

    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void SubstitutesDependOnSeedEpochAndImageOnly([Values(0, 7, 25, 31)] int firstStep, [Values(1, 4)] int workers)
    {
        FileSplit split = Write("stand-in", bad: [3, 77]);
        float[][] whole = Train(split, 1, 0, 60), rest = Train(split, workers, firstStep, 60 - firstStep);
        Assert.That(rest, Is.EqualTo(whole[firstStep..]));
        Assert.That(Train(split, 1, 0, 60, seed: 6), Is.Not.EqualTo(whole));
    }

    [Test]
    public void BadImagesAreSkippedAndLoggedOnce()
    {
        FileSplit split = Write("named", bad: [3, 77]);
        var log = new BadImageLog(BadImagePolicy.Skip);
        log.WriteTo(_folder["named"]);
        Train(split, 3, 0, 80, log: log);
        Assert.That(log.Found.Select(image => Path.GetFileName(image.File)), Is.EquivalentTo(new[] { "003.pgm", "077.pgm" }));
        Assert.That(log.Found.Select(image => image.Part), Is.All.EqualTo("train"));
        string[] lines = File.ReadAllLines(_folder["named", "bad-images.csv"]);
        Assert.That(lines[0], Is.EqualTo("part,file,reason"));
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[1..], Has.Some.Contains("003.pgm").And.Some.Contains("damaged"));

        // A resumed run finds them again and does not log them again.
        var again = new BadImageLog(BadImagePolicy.Skip);
        again.WriteTo(_folder["named"]);
        Train(split, 1, 0, 80, log: again);
        Assert.That(again.Found, Has.Count.EqualTo(2));
        Assert.That(File.ReadAllLines(_folder["named", "bad-images.csv"]), Is.EqualTo(lines));
    }

    [Test]
    public void LabelsBelongToTheSubstitutes()
    {
        FileSplit split = Write("labels", bad: [3, 77]);
        foreach (float[] step in Train(split, 2, 0, 75))
            for (int i = 0; i < Batch; i++)
                Assert.That(step[Batch * 4 + i], Is.EqualTo((int)MathF.Round(step[i * 4] * 255) % 2));
    }

    [Test]
    public void StopsAboveOnePercent()
    {
        FileSplit split = Write("many", bad: [3, 77, 200]);
        UnreadableDataException stop = Assert.Throws<UnreadableDataException>(() => Train(split, 2, 0, 25))!;
        Assert.That(stop.Message, Does.Contain("3 of the 250 train images").And.Contain("1 %").And.Not.Contain("\n"));
        Assert.That(stop.InnerException, Is.TypeOf<TooManyBadImagesException>());
        OneLine.Thrown(() => Statistics(BadImagePolicy.Skip), "3 of the 250");
        OneLine.Thrown(() => Statistics(BadImagePolicy.Fail), "003.pgm");

        void Statistics(BadImagePolicy policy) =>
            NormalizationStatistics.Compute(split, Shape.Volume(1, 2, 2), ImageFit.Pad,
                new BadImages(split, "train", new BadImageLog(policy)));
    }

    [Test]
    public void FailStopsAtTheFirst()
    {
        FileSplit split = Write("fail", bad: [3]);
        var log = new BadImageLog(BadImagePolicy.Fail);
        Assert.That(Assert.Throws<UnreadableDataException>(() => Train(split, 2, 0, 25, log: log))!.Message, Does.Contain("003.pgm"));
    }

    [Test]
    public void StatisticsSkipUnreadableImages()
    {
        FileSplit bad = Write("statistics", bad: [249]), good = Write("good", bad: []);
        Shape shape = Shape.Volume(1, 2, 2);
        NormalizationStatistics expected = NormalizationStatistics.Compute(
            new SubsetSplit("", good, [.. Enumerable.Range(0, 249)]), shape, ImageFit.Pad);
        NormalizationStatistics actual = NormalizationStatistics.Compute(
            bad, shape, ImageFit.Pad, new BadImages(bad, "train", new BadImageLog(BadImagePolicy.Skip)));
        Assert.That((actual.Mean[0], actual.Std[0], actual.Images), Is.EqualTo((expected.Mean[0], expected.Std[0], 249)));
    }

    [Test]
    public void EvaluationSkipsUnreadableImages()
    {
        FileSplit split = Write("judged", bad: [3, 77]);
        using IBatchReader reader = Open(split, 3, new BadImageLog(BadImagePolicy.Skip)).ReadEvaluation(Batch);
        int place = 0, counted = 0;
        while (reader.Next() is { } batch)
        {
            for (int i = 0; i < batch.Count; i++, place++)
            {
                bool isBad = place is 3 or 77;
                Assert.That(batch.Labels[i], Is.EqualTo(isBad ? -1 : place % 2));
                Assert.That(batch.Image(i)[0], Is.EqualTo(isBad ? 0 : place / 255f));
                if (!isBad) counted++;
            }
        }
        Assert.That((place, counted), Is.EqualTo((Count, Count - 2)));
    }

    /// <summary>Rank 0 names the images of all ranks, and those that several of them met once.</summary>
    [Test]
    public void RanksShareWhatTheyCannotRead()
    {
        FileSplit split = Write("shared", bad: [3, 77]);
        BadImageLog[] logs = ThreadRanks.Run(3, ranks =>
        {
            var log = new BadImageLog(BadImagePolicy.Skip);
            if (ranks.IsFirst) log.WriteTo(_folder["shared"]);
            ImageDataset dataset = Open(split, 2, log);
            for (int epoch = 0; epoch < 2; epoch++)
            {
                using (IBatchReader reader = dataset.ReadEvaluation(Batch, new Shard(ranks.Rank, 3)))
                    while (reader.Next() is not null) { }
                dataset.ShareUnreadable(ranks);
            }
            return log;
        });
        foreach (BadImageLog log in logs)
            Assert.That(log.Found.Select(image => Path.GetFileName(image.File)), Is.EquivalentTo(new[] { "003.pgm", "077.pgm" }));
        string[] lines = File.ReadAllLines(_folder["shared", "bad-images.csv"]);
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[1..], Has.Some.Contains("003.pgm").And.Some.Contains("077.pgm"));
        Assert.That(logs[1].Path, Is.Null);
    }

    /// <summary>Each rank's images are few enough, but not those of all together.</summary>
    [Test]
    public void ManyBadImagesOverAllRanksStopAll()
    {
        FileSplit split = Write("shared-many", bad: [3, 120, 200]);
        string[] messages = ThreadRanks.Run(3, ranks =>
        {
            ImageDataset dataset = Open(split, 1, new BadImageLog(BadImagePolicy.Skip));
            using (IBatchReader reader = dataset.ReadEvaluation(Batch, new Shard(ranks.Rank, 3)))
                while (reader.Next() is not null) { }
            return Assert.Throws<UnreadableDataException>(() => dataset.ShareUnreadable(ranks))!.Message;
        });
        Assert.That(messages, Is.All.StartsWith("3 of the 250 train images").And.All.Contains("200.pgm"));
    }

    private FileSplit Write(string name, int[] bad)
    {
        string[] files = new string[Count];
        for (int i = 0; i < Count; i++)
            files[i] = _folder.Add([.. "P5 2 2 255\n"u8, (byte)i, 2, 3, .. bad.Contains(i) ? (byte[])[] : [4]], name, $"{i:D3}.pgm");
        return new FileSplit(name, ["even", "odd"], [.. Enumerable.Range(0, Count).Select(i => i % 2)], files);
    }

    private static ImageDataset Open(FileSplit split, int workers, BadImageLog log) => new(
        split, new ImagePreprocessor(Shape.Volume(1, 2, 2), ImageFit.Pad, [0], [1]),
            options: new() { Workers = workers, Cache = CacheKind.None },
        badImages: new BadImages(split, "train", log));

    /// <summary>[steps][Batch x 4 pixels, Batch labels].</summary>
    private static float[][] Train(FileSplit split, int workers, int firstStep, int steps, ulong seed = 5, BadImageLog? log = null)
    {
        using IBatchReader reader = Open(split, workers, log ?? new BadImageLog(BadImagePolicy.Skip)).ReadTraining(Batch, seed, firstStep);
        float[][] read = new float[steps][];
        for (int i = 0; i < steps; i++)
        {
            Batch batch = reader.Next()!;
            read[i] = [.. batch.Images, .. batch.Labels.Select(label => (float)label)];
        }
        return read;
    }
}
