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
        int calls = 0;
        DatasetReport report = DatasetCheck.Run(folder.Path, progress: _ => Interlocked.Increment(ref calls));
        Assert.That(calls, Is.EqualTo(7));
        Assert.That(report.IsUsable, Is.False);
        Assert.That(report.Unreadable.Select(u => Path.GetFileName(u.File)), Is.EqualTo(new[] { "4.ppm", "5.png" }));
        Assert.That(report.Unreadable.Select(u => u.Reason), Is.All.Contains(folder.Path));
        Assert.That(report.Duplicates.Select(d => (Path.GetFileName(d.Training), Path.GetFileName(d.Validation))),
            Is.EqualTo(new[] { ("1.pgm", "same-as-1.pgm") }));
        Assert.That(report.EmptyClasses, Is.EqualTo(new[] { "c" }));
        Assert.That(report.Problems, Has.Count.EqualTo(1).And.Some.Contains("got none"));
        SplitReport train = report.Splits[0];
        Assert.That((train.Name, train.Images, train.Width, train.Height),
            Is.EqualTo(("train", 4, new Extent(1, 2, 3), new Extent(2, 2, 4))));
        Assert.That((train.GrayImages, train.RgbImages), Is.EqualTo((2, 1)));
        Assert.That(train.ImagesPerClass, Is.EqualTo(new[] { 2, 2, 0 }));
        Assert.That(report.Splits[1].ImagesPerClass, Is.EqualTo(new[] { 1, 2, 0 }));
    }

    [Test]
    public void LooksAtEverythingEvenWhereNothingIsReadable()
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
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "'b'", "data check");
    }

    [Test]
    public void NothingToFindInTheDemo()
    {
        using TemporaryFolder folder = new();
        DemoDataset.Write(folder["demo"], 1, 3, 2);
        DatasetReport report = DatasetCheck.Run(folder["demo"]);
        Assert.That(report.IsUsable, Is.True);
        Assert.That(report.Duplicates, Is.Empty);
        Assert.That(report.EmptyClasses, Is.Empty);
    }
}
