using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Pictures kept on disk are used only while they are right.</summary>
public sealed class DiskCacheTests
{
    private const int Count = 6;
    private static readonly Shape Input = Shape.Volume(3, 8, 8);

    [Test]
    public void LaterRunReusesThePictures()
    {
        using TemporaryFolder folder = new();
        FileSplit split = Write(folder);
        float[] expected = Read(split, folder);
        // Names and times are unchanged, but there is nothing to decode.
        foreach (int i in Enumerable.Range(0, Count)) Replace(split.Name(i), new byte[new FileInfo(split.Name(i)).Length]);
        Assert.That(Read(Open(folder), folder), Is.EqualTo(expected));
        OneLine.Thrown(() => Read(Open(folder), folder, "16"), ".ppm");
    }

    [Test]
    public void ChangedPictureIsReadAgain()
    {
        using TemporaryFolder folder = new();
        float[] first = Read(Write(folder), folder);
        byte[] file = File.ReadAllBytes(Open(folder).Name(2));
        file[^1] ^= 0x80;
        File.WriteAllBytes(Open(folder).Name(2), file);
        File.SetLastWriteTimeUtc(Open(folder).Name(2), DateTime.UtcNow.AddSeconds(5));
        float[] second = Read(Open(folder), folder), plain = Read(Open(folder), folder: null);
        Assert.That(second, Is.EqualTo(plain).And.Not.EqualTo(first));
        Assert.That(Read(Open(folder), folder), Is.EqualTo(plain), "and kept");
    }

    /// <summary>However the file is damaged, the pictures read are right.</summary>
    [Test]
    public void DamageIsDetectedAndRepaired()
    {
        using TemporaryFolder folder = new();
        float[] expected = Read(Write(folder), folder);
        string cache = Directory.GetFiles(folder["cache"]).Single();
        byte[] whole = File.ReadAllBytes(cache);
        Random random = new(5);
        for (int round = 0; round < 60; round++)
        {
            byte[] damaged = [.. whole];
            if (round % 3 == 0) damaged = damaged[..random.Next(damaged.Length)];
            else for (int i = 0; i < 1 + round % 4; i++) damaged[random.Next(damaged.Length)] ^= (byte)(1 + random.Next(255));
            File.WriteAllBytes(cache, damaged);
            Assert.That(Read(Open(folder), folder), Is.EqualTo(expected), $"round {round}");
            Assert.That(Read(Open(folder), folder), Is.EqualTo(expected), $"round {round}, repaired");
        }
    }

    [Test]
    public void EachFormHasItsOwnFile()
    {
        using TemporaryFolder folder = new();
        Write(folder);
        foreach (string augmentation in new[] { "flip", "scale(12)", "scale(16)", "crop(0.1-1)" })
        {
            float[] expected = Read(Open(folder), folder: null, augmentation);
            for (int round = 0; round < 2; round++)
                Assert.That(Read(Open(folder), folder, augmentation), Is.EqualTo(expected), augmentation);
        }
        Assert.That(Directory.GetFiles(folder["cache"]), Has.Length.EqualTo(4));
    }

    [Test]
    public void FileInUseGivesOneLineError()
    {
        using TemporaryFolder folder = new();
        Write(folder);
        using DiskCache cache = DiskCache.Open(Open(folder), folder["cache"], "form", new CacheBudget(1 << 20));
        GpuCnnException failure = OneLine.Thrown(
            () => DiskCache.Open(Open(folder), folder["cache"], "form", new CacheBudget(1 << 20)), ".pictures", "GPUCNN_CACHE");
        Assert.That(failure, Is.TypeOf<PictureCacheException>());
        using DiskCache first = DiskCache.Open(Open(folder), folder["cache"], "form", new CacheBudget(1 << 20), new(0, 2)),
            second = DiskCache.Open(Open(folder), folder["cache"], "form", new CacheBudget(1 << 20), new(1, 2));
        OneLine.Thrown(() => DiskCache.Open(Open(folder), folder["cache"], "form", new CacheBudget(1 << 20), new(1, 2)),
            "-rank1.pictures", "GPUCNN_CACHE");
    }

    /// <summary>A rank's images are another's in the next epoch, which finds them in the files of all.</summary>
    [Test]
    public void RanksWriteAFileEachAndReadThoseOfAll()
    {
        using TemporaryFolder folder = new();
        FileSplit split = Write(folder);
        float[] expected = Read(split, folder: null);
        byte[][] sources = [.. Enumerable.Range(0, Count).Select(i => File.ReadAllBytes(split.Name(i)))];
        ImageDataset[] ranks = OpenRanks();
        Assert.That(Together(0), Is.EqualTo(expected));
        string[] files = Directory.GetFiles(folder["cache"], "*.pictures");
        Assert.That(files, Has.Length.EqualTo(3).And.All.Contains("-rank"));
        for (int i = 0; i < Count; i++) Replace(split.Name(i), new byte[sources[i].Length]);
        // Ranks look again after a second.
        Thread.Sleep(1100);
        Assert.That(Together(1), Is.EqualTo(expected), "nothing is decoded again");
        Assert.That(Together(2), Is.EqualTo(expected), "nothing is decoded again");
        Close();
        ranks = OpenRanks();
        Assert.That(Together(1), Is.EqualTo(expected), "nor by another run");
        Close();

        for (int i = 0; i < Count; i++) Replace(split.Name(i), sources[i]);
        foreach (string file in files)
        {
            byte[] damaged = File.ReadAllBytes(file);
            damaged[^1] ^= 1;
            damaged[damaged.Length / 2] ^= 1;
            File.WriteAllBytes(file, damaged);
        }
        ranks = OpenRanks();
        for (int shift = 0; shift < 3; shift++) Assert.That(Together(shift), Is.EqualTo(expected), "damage is found");
        Close();

        ImageDataset[] OpenRanks() =>
            [.. Enumerable.Range(0, 3).Select(_ => Dataset(Open(folder), folder, "flip", new CacheBudget(1 << 20)))];

        void Close()
        {
            foreach (ImageDataset dataset in ranks) dataset.Dispose();
        }

        // Each rank reads the share of one further on, as in another epoch.
        float[] Together(int shift)
        {
            float[][] parts = new float[3][];
            for (int rank = 0; rank < 3; rank++)
            {
                int share = (rank + shift) % 3;
                using Engine.Datasets.IBatchReader reader = ranks[rank].ReadTraining(Count, 1, 0, new(share, 3));
                parts[share] = [.. reader.Next()!.Images];
            }
            return [.. parts.SelectMany(part => part)];
        }
    }

    [Test]
    public void BudgetIsKept()
    {
        using TemporaryFolder folder = new();
        CacheBudget budget = new(1000);
        using (ImageDataset dataset = Dataset(Write(folder), folder, "flip", budget)) _ = Epoch(dataset);
        Assert.That(Directory.GetFiles(folder["cache"]).Sum(file => new FileInfo(file).Length), Is.LessThan(1100).And.GreaterThan(300));
        Assert.That(budget.Taken, Is.LessThanOrEqualTo(1000));
    }

    /// <summary>Replaces a file's content and keeps its time.</summary>
    private static void Replace(string path, byte[] content)
    {
        DateTime time = File.GetLastWriteTimeUtc(path);
        File.WriteAllBytes(path, content);
        File.SetLastWriteTimeUtc(path, time);
    }

    private static FileSplit Write(TemporaryFolder folder)
    {
        Random random = new(2);
        for (int i = 0; i < Count; i++)
        {
            PixelImage image = new(10 + i, 12, 3);
            random.NextBytes(image.Pixels);
            ImageFile.Write(folder[$"{i}.ppm"], image);
        }
        return Open(folder);
    }

    private static FileSplit Open(TemporaryFolder folder) =>
        new("files", ["a"], new int[Count], [.. Enumerable.Range(0, Count).Select(i => folder[$"{i}.ppm"])]);

    private static float[] Read(FileSplit split, TemporaryFolder? folder, string augmentation = "flip")
    {
        if (augmentation == "16") augmentation = "scale(16)";
        using ImageDataset dataset = Dataset(split, folder, augmentation, new CacheBudget(1 << 20));
        return Epoch(dataset);
    }

    private static float[] Epoch(ImageDataset dataset)
    {
        using Engine.Datasets.IBatchReader reader = dataset.ReadTraining(Count, 1, 0);
        return [.. reader.Next()!.Images];
    }

    private static ImageDataset Dataset(FileSplit split, TemporaryFolder? folder, string augmentation, CacheBudget budget) => new(
        split, new ImagePreprocessor(Input, ImageFit.Resize, [0, 0, 0], [1, 1, 1]), Augmentation.Parse(augmentation),
        new FeedOptions
        {
            Workers = 2,
            Cache = folder is null ? CacheKind.None : CacheKind.Disk,
            CacheFolder = folder?["cache"],
            Budget = budget
        });
}
