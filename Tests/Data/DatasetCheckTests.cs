using System.Collections.Concurrent;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class DatasetCheckTests
{
    [Test]
    public void FindsEverythingAtOnce()
    {
        using TemporaryFolder folder = new();
        folder.Add("P5 1 2 255\nab"u8.ToArray(), "train", "a", "1.pgm");
        folder.Add("P2 3 4 255 1 2 3 4 5 6 7 8 9 10 11 12"u8.ToArray(), "train", "a", "2.pgm");
        folder.Add("P6 2 2 255\nabcdefabcdef"u8.ToArray(), "train", "b", "3.ppm");
        folder.Add("P6 2 2 255\nabcdefabcde"u8.ToArray(), "train", "b", "4.ppm");
        Directory.CreateDirectory(folder["train", "c"]);
        folder.Add("P2 1 2 255 97 98"u8.ToArray(), "val", "a", "same-as-1.pgm");
        folder.Add("nothing"u8.ToArray(), "val", "b", "5.png");
        folder.Add("P5 1 1 255\na"u8.ToArray(), "val", "b", "6.pgm");
        folder.Add("P5 1 1 255\nb"u8.ToArray(), "val", "b", "photo");
        folder.Add("a note"u8.ToArray(), "val", "b", "note.md");
        ConcurrentBag<(int Done, int Count)> calls = [];
        DatasetReport report = DatasetCheck.Run(folder.Path, progress: (done, count) => calls.Add((done, count)));
        Assert.That(calls, Is.EquivalentTo(Enumerable.Range(1, 7).Select(done => (done, 7))));
        Assert.That(report.IsUsable, Is.False);
        Assert.That(Names(report.Unreadable.Select(u => u.File)), Is.EqualTo(new[] { "4.ppm", "5.png" }));
        Assert.That(report.Unreadable.Select(u => u.Reason), Is.All.Contains(folder.Path));
        PictureGroup same = report.Duplicates.Single();
        Assert.That(Names(same.Pictures.Select(picture => picture.File)), Is.EqualTo(new[] { "1.pgm", "same-as-1.pgm" }));
        Assert.That((same.CrossesSplits, same.CrossesClasses), Is.EqualTo((true, false)));
        Assert.That(report.EmptyClasses, Is.EqualTo(new[] { "c" }));
        Assert.That(report.NearEmptyClasses, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(report.Problems, Has.Count.EqualTo(1).And.Some.Contains("got none"));
        Assert.That(report.LeftOut.Select(file => (Path.GetFileName(file.File), file.Content)),
            Is.EqualTo(new[] { ("note.md", (string?)null), ("photo", "PNM") }));
        SplitReport train = report.Splits[0];
        Assert.That((train.Name, train.Images, train.Width, train.Height),
            Is.EqualTo(("train", 4, new Extent(1, 2, 3), new Extent(2, 2, 4))));
        Assert.That(train.Modes, Is.EqualTo(new KeyValuePair<string, int>[] { new("gray", 2), new("RGB", 1) }));
        Assert.That(train.Formats, Is.EqualTo(new KeyValuePair<string, int>[] { new("PNM", 3) }));
        Assert.That(train.ImagesPerClass, Is.EqualTo(new[] { 2, 2, 0 }));
        Assert.That(report.Splits[1].ImagesPerClass, Is.EqualTo(new[] { 1, 2, 0 }));
    }

    [Test]
    public void ChecksAllImagesEvenIfNoneIsReadable()
    {
        using TemporaryFolder folder = new();
        for (int i = 0; i < 40; i++) folder.Add([(byte)i], "train", "a", $"{i:D2}.png");
        folder.Add("P5 1 1 255\na"u8.ToArray(), "val", "b", "1.pgm");
        folder.Add("P5 1 1 255\n"u8.ToArray(), "val", "b", "2.pgm");
        DatasetReport report = DatasetCheck.Run(folder.Path);
        Assert.That(report.Unreadable, Has.Count.EqualTo(41));
        Assert.That(report.Classes, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(report.Splits[1].ImagesPerClass, Is.EqualTo(new[] { 0, 2 }));
        Assert.That(report.Problems, Has.Some.Contains("expected one of the 1 classes").And.Some.Contains("00.png"));
        Assert.That(OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "'b'"), Is.TypeOf<FaultyDatasetException>());
    }

    [Test]
    public void DemoDatasetHasNoProblems()
    {
        using TemporaryFolder folder = new();
        DemoDataset.Write(folder["demo"], 1, 12, 2);
        DatasetReport report = DatasetCheck.Run(folder["demo"]);
        Assert.That(report.IsUsable, Is.True);
        Assert.That(report.Duplicates.Concat(report.LookAlikes), Is.Empty);
        Assert.That(report.EmptyClasses.Concat(report.NearEmptyClasses), Is.Empty);
    }

    [Test]
    public void ImageNetSampleIsClean()
    {
        DatasetReport report = DatasetCheck.Run(TestData.Require("imagenet-sample"));
        Assert.That((report.IsUsable, report.Splits[0].Images, report.Flaws.Count), Is.EqualTo((true, 107, 0)));
        Assert.That(report.Duplicates.Concat(report.LookAlikes), Is.Empty);
    }

    [Test]
    public void PicturesThatLookAlikeAreFound()
    {
        using TemporaryFolder folder = new();
        PixelImage picture = Picture(1), other = Picture(2);
        Write(picture, "train", "a", "picture.png");
        Write(other, "train", "b", "other.png");
        // Scaled, slightly brighter, and noisy; and in another class.
        Write(picture.Resize(150, 70), "val", "a", "scaled.png");
        Write(Changed(picture, (value, i) => value + 1), "train", "b", "brighter.png");
        Write(Changed(other, (value, i) => value + i % 3 - 1), "train", "b", "noisy.png");
        Write(Picture(3), "val", "b", "third.png");
        DatasetReport report = DatasetCheck.Run(folder.Path);
        Assert.That(report.Duplicates, Is.Empty);
        Assert.That(report.LookAlikes.Select(group => string.Join(' ', Names(group.Pictures.Select(at => at.File)))),
            Is.EqualTo(new[] { "picture.png brighter.png scaled.png", "noisy.png other.png" }));
        Assert.That(report.LookAlikes.Select(group => (group.CrossesSplits, group.CrossesClasses)),
            Is.EqualTo(new[] { (true, true), (false, false) }));

        void Write(PixelImage image, params string[] parts)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[parts])!);
            ImageFile.Write(folder[parts], image);
        }
    }

    [Test]
    public void NearlyEqualClassNamesAreReported()
    {
        using TemporaryFolder folder = new();
        foreach (string name in (string[])["Golden Retriever", "golden_retriever", "cat"]) folder.Add([.. "P5 1 1 255\n"u8, (byte)name[0]],
            name, "1.pgm");
        Assert.That(DatasetCheck.Run(folder.Path).NearNames, Is.EqualTo(new[] { new[] { "Golden Retriever", "golden_retriever" } }));
    }

    [Test]
    public void LookAlikesEqualThoseOfAllPairs()
    {
        Random random = new(6);
        const int Count = 400;
        byte[] small = new byte[Count * PerceptualHash.Pixels];
        random.NextBytes(small);
        // Copies with more and more changed pixels.
        for (int i = 1; i < Count; i += 2)
        {
            Span<byte> copy = small.AsSpan(i * PerceptualHash.Pixels, PerceptualHash.Pixels);
            small.AsSpan((i - 1) * PerceptualHash.Pixels, PerceptualHash.Pixels).CopyTo(copy);
            for (int change = 0; change < i % 20; change++) copy[random.Next(copy.Length)] ^= (byte)(1 + i / 8);
        }
        UInt128 Hash(int i) => PerceptualHash.Of(Small(i));
        ReadOnlySpan<byte> Small(int i) => small.AsSpan(i * PerceptualHash.Pixels, PerceptualHash.Pixels);
        List<(int, int)> expected = [];
        for (int a = 0; a < Count; a++)
            for (int b = a + 1; b < Count; b++)
                if (PerceptualHash.Distance(Hash(a), Hash(b)) <= PerceptualHash.LargestDistance
                    && PerceptualHash.LookAlike(Small(a), Small(b))) expected.Add((a, b));
        Assert.That(expected, Has.Count.InRange(40, 190));
        Assert.That(LookAlikes.Find(Count, _ => true, Hash, small).Select(group => (group[0], group[1])), Is.EqualTo(expected));
    }

    [Test]
    public void DuplicatesCanBeRemoved()
    {
        using TemporaryFolder folder = new();
        string[] train = ["a/1 ab", "a/2 cd", "a/3 ab", "a/4 zz", "a/5 pp", "b/1 ef", "b/2 gh", "b/3 pp", "b/4 ef"],
            validation = ["a/1 zz", "b/1 xx", "b/2 xx"];
        foreach ((string part, string[] files) in new[] { ("train", train), ("val", validation) })
            foreach (string[] file in files.Select(file => file.Split(' ', '/'))) folder.Add([.. "P5 1 2 255\n"u8,
                .. file[2].Select(c => (byte)c)], part, file[0], file[1] + ".pgm");
        LocatedDataset data = DuplicateRemoval.Apply(DatasetLocator.Open(folder.Path));
        // a/3 is a copy, a/4 is a validation image, a/5 and b/3 contradict each other, b/4 is a copy; validation has one of b/2.
        Assert.That(Kept(data.Train), Is.EqualTo(new[] { "a/1", "a/2", "b/1", "b/2" }));
        Assert.That(Kept(data.Validation!), Is.EqualTo(new[] { "a/1", "b/1" }));
        Assert.That(data.Description,
            Does.Contain("6 duplicates left out (5 training, 1 validation)").And.Contain("4 training and 2 validation"));

        static string[] Kept(ImageSplit split) =>
            [.. Enumerable.Range(0, split.Count)
            .Select(i => $"{split.Classes[split.Labels[i]]}/{Path.GetFileNameWithoutExtension(split.Name(i))}")];
    }

    private static string[] Names(IEnumerable<string> files) => [.. files.Select(file => Path.GetFileName(file)!)];

    /// <summary>Random blobs of gray on 300x140.</summary>
    private static PixelImage Picture(int seed)
    {
        Random random = new(seed);
        PixelImage small = new(12, 7, 3);
        random.NextBytes(small.Pixels);
        for (int i = 0; i < small.Pixels.Length; i++) small.Pixels[i] = (byte)(20 + small.Pixels[i] * 200 / 255);
        return small.Resize(300, 140);
    }

    private static PixelImage Changed(PixelImage image, Func<int, int, int> change) =>
        new(image.Width, image.Height, image.Channels, [.. image.Pixels.Select((value, i) => (byte)Math.Clamp(change(value, i), 0, 255))]);
}
