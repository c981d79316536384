using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class DatasetLocatorTests
{
    [TestCase("val")]
    [TestCase("test")]
    [TestCase("Validation")]
    public void ReadsTrainAndValidationFolders(string validation)
    {
        using TemporaryFolder folder = new();
        Add(folder, 3, "train", "dog");
        Add(folder, 2, "train", "Cat");
        Add(folder, 1, validation, "dog");
        folder.Add([1], "train", "dog", ".hidden.pgm");
        folder.Add([1], "train", "dog", "notes.txt");
        folder.Add([1], "train", ".git", "a.pgm");
        folder.Add([1], "readme.md");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Classes, Is.EqualTo(new[] { "Cat", "dog" }));
        Assert.That(data.Train.Labels, Is.EqualTo(new[] { 0, 0, 1, 1, 1 }));
        Assert.That(data.Validation!.Labels, Is.EqualTo(new[] { 1 }));
        Assert.That(data.Description, Is.EqualTo(
            $"class folders under train/ and {validation}/: 5 training and 1 validation images of 2x2 gray in 2 classes; " +
            "1 class has no validation images (Cat); 1 file of other types or places left out (.txt 1)"));
        Assert.That(data.Train.Name(4), Does.EndWith(Path.Combine("train", "dog", "2.pgm")));
        Assert.That(data.WithHoldOut(0.1, 1), Is.SameAs(data));
    }

    [Test]
    public void BareFolderHoldsOutAPartOfEachClass()
    {
        using TemporaryFolder folder = new();
        Add(folder, 40, "a");
        Add(folder, 20, "b");
        Add(folder, 1, "train");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Kind, data.Train.Count, data.Validation, data.Classes.Count),
            Is.EqualTo(("class folders", 61, (ImageSplit?)null, 3)));
        LocatedDataset parts = data.WithHoldOut(0.1, 7), again = data.WithHoldOut(0.1, 7), other = data.WithHoldOut(0.1, 8);
        Assert.That(parts.Train.CountPerClass(), Is.EqualTo(new[] { 36, 18, 1 }));
        Assert.That(parts.Validation!.CountPerClass(), Is.EqualTo(new[] { 4, 2, 0 }));
        Assert.That(Names(parts.Validation), Is.EqualTo(Names(again.Validation!)));
        Assert.That(Names(parts.Validation), Is.Not.EqualTo(Names(other.Validation!)));
        Assert.That(Names(parts.Train).Concat(Names(parts.Validation)), Is.EquivalentTo(Names(data.Train)));
        Assert.That(parts.Description, Does.EndWith("; 10 % of each class held out for validation (seed 7)"));
    }

    [Test]
    public void SeparateValidationPathIsUsed()
    {
        using TemporaryFolder folder = new();
        Add(folder, 3, "mine", "a");
        Add(folder, 3, "mine", "b");
        Add(folder, 2, "other", "b");
        Add(folder, 2, "wrong", "c");
        LocatedDataset data = DatasetLocator.Open(folder["mine"], folder["other"]);
        Assert.That(data.Validation!.Labels, Is.EqualTo(new[] { 1, 1 }));
        Assert.That(data.Validation.Classes, Is.EqualTo(new[] { "a", "b" }));
        OneLine.Thrown(() => DatasetLocator.Open(folder["mine"], folder["wrong"]), "wrong", "'c'", "same classes");
    }

    [Test]
    public void MistakesGiveOneLineErrors()
    {
        using TemporaryFolder folder = new();
        OneLine.Thrown(() => DatasetLocator.Open(folder["none"]), "none", "expected a folder", "check the path");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), folder.Path, "got no files");
        Add(folder, 2, "images", "a");
        Directory.CreateDirectory(folder["images", "empty"]);
        OneLine.Thrown(() => DatasetLocator.Open(folder["image"]), "did you mean", "images");
        OneLine.Thrown(() => DatasetLocator.Open(folder["images"]), Path.Combine("images", "empty"),
            $"expected images ({ImageFile.ReadableFormats})",
            "got none");
        OneLine.Thrown(() => DatasetLocator.Open(folder["images", "a"]), "images directly in it");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "a folder that contains one", folder["images"]);
        OneLine.Thrown(() => DatasetLocator.Open(folder["images", "a", "0.pgm"]), "got a file", "name the folder");
        folder.Add([1], "photos", "a", "x.HEIC");
        folder.Add([1], "photos", "b", "y.heic");
        OneLine.Thrown(() => DatasetLocator.Open(folder["photos"]), ".heic 2", "PNG, PNM");
        Add(folder, 1, "split", "train", "a");
        Add(folder, 1, "split", "val", "z");
        Add(folder, 1, "split", "val", "y");
        OneLine.Thrown(() => DatasetLocator.Open(folder["split"]), Path.Combine("val", "y"), "'y'", "1 more");
        IdxTests.AddMnist(folder, "", "-idx", false, 10, 10);
        Add(folder, 1, "c");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "expected one kind of data");
    }

    [Test]
    public void FitDependsOnTheSizes()
    {
        using TemporaryFolder folder = new();
        IdxTests.AddMnist(folder, "", "-idx", false, 10, 10);
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.SuggestFit(Shape.Volume(1, 5, 6)), Is.EqualTo(ImageFit.Pad));
        Assert.That(data.SuggestFit(Shape.Volume(1, 4, 4)), Is.EqualTo(ImageFit.Resize));
        Assert.That(data.SuggestFit(Shape.Volume(3, 32, 32)), Is.EqualTo(ImageFit.Resize));
    }

    private static string[] Names(ImageSplit split) => [.. Enumerable.Range(0, split.Count).Select(split.Name)];

    private static void Add(TemporaryFolder folder, int count, params string[] parts)
    {
        for (int i = 0; i < count; i++) folder.Add([.. "P5 2 2 255\n"u8, (byte)i, 2, 3, 4], [.. parts, $"{i}.pgm"]);
    }
}
