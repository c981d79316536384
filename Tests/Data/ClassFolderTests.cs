using System.Text;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Where class folders are found, what labels images without them, and which links are followed.</summary>
public sealed class ClassFolderTests
{
    private readonly List<TemporaryFolder> _folders = [];

    [TearDown]
    public void Remove()
    {
        _folders.ForEach(folder => folder.Dispose());
        _folders.Clear();
    }

    [TestCase("train", "val")]
    [TestCase("Training", "Testing")]
    [TestCase("TRAIN", "dev")]
    [TestCase("training_set", "test_set")]
    [TestCase("train-images", "Evaluation")]
    [TestCase("train", "eval")]
    public void FolderNamesSelectTheSplit(string train, string validation)
    {
        TemporaryFolder folder = New();
        Add(folder, 3, train, "a");
        Add(folder, 2, validation, "a");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Train.Count, data.Validation!.Count, data.Classes.Single()), Is.EqualTo((3, 2, "a")));
        Assert.That(data.Description, Does.StartWith($"class folders under {train}/ and {validation}/"));
    }

    [Test]
    public void TestSetIsKeptNextToAValidationSet()
    {
        TemporaryFolder folder = New();
        Add(folder, 3, "train", "a");
        Add(folder, 2, "test", "a");
        Add(folder, 1, "valid", "a");
        Add(folder, 1, "extra", "a");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Validation!.Count, Is.EqualTo(1));
        Assert.That(data.Description, Does.Contain("extra/ ignored").And.Contain("test/ kept for testing"));
        Assert.That((data.HasTest, data.Test.Count), Is.EqualTo((true, 2)));
    }

    [TestCase("Testing", "validation")]
    [TestCase("test-images", "dev")]
    [TestCase("TEST", "eval")]
    public void TestSetHasTheClassesOfTheTrainingImages(string test, string validation)
    {
        TemporaryFolder folder = New();
        foreach (string name in new[] { "a", "b", "c" }) Add(folder, 3, "train", name);
        Add(folder, 1, validation, "c");
        Add(folder, 2, test, "b");
        Add(folder, 1, test, "c");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Test.Labels, Is.EqualTo(new[] { 1, 1, 2 }));
        Assert.That(data.Test.Classes, Is.EqualTo(data.Classes));
        // Held-out images and duplicates leave the test set alone.
        Assert.That(data.With(data.Train, data.Validation, "note").Test.Count, Is.EqualTo(3));
        // Classes of the test set that nothing was trained on are its own fault, not the data set's.
        Add(folder, 1, test, "d");
        Assert.That((data = DatasetLocator.Open(folder.Path)).Problems, Is.Empty);
        OneLine.Thrown(() => _ = data.Test, "'d'", "3 classes");
    }

    [Test]
    public void TestSetMayBeTheOneToValidateOnOrMissing()
    {
        TemporaryFolder folder = New();
        Add(folder, 3, "train", "a");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.HasTest, Is.False);
        OneLine.Thrown(() => _ = data.Test, "test images", "training images only");
        Add(folder, 2, "test", "a");
        data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Validation!.Count, data.Test.Count), Is.EqualTo((2, 2)));
        Assert.That(data.Description, Does.Not.Contain("testing"));
    }

    [Test]
    public void TestSetMayBeLabeledByAFile()
    {
        TemporaryFolder folder = New();
        Add(folder, 2, "train", "a");
        Add(folder, 2, "train", "b");
        Add(folder, 1, "val", "a");
        Add(folder, 2, "test");
        Text(folder, "0.pgm b\n1.pgm a\n", "test.txt");
        Assert.That(DatasetLocator.Open(folder.Path).Test.Labels, Is.EqualTo(new[] { 1, 0 }));
    }

    [Test]
    public void ImagesOneFolderDeeperAreFound()
    {
        TemporaryFolder folder = New();
        Add(folder, 2, "train", "a", "x");
        Add(folder, 2, "train", "b", "y");
        Add(folder, 1, "val", "a");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Train.Count, data.Validation!.Count, string.Concat(data.Classes)), Is.EqualTo((4, 1, "ab")));
    }

    [Test]
    public void TinyImageNetIsLabeledByItsAnnotations()
    {
        TemporaryFolder folder = New();
        Add(folder, 3, "train", "n01", "images");
        Add(folder, 3, "train", "n02", "images");
        folder.Add("n01_0.JPEG\t0\t0\t62\t63\n"u8.ToArray(), "train", "n01", "n01_boxes.txt");
        Add(folder, 3, "val", "images");
        Add(folder, 3, "test", "images");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Validation, Is.Null);
        Assert.That(data.Description, Does.Contain("val/ ignored: its images have no labels"));
        Text(folder, "0.pgm\tn02\t0\t0\t62\t63\n1.pgm\tn01\t5\t6\t7\t8\n2.pgm\tn02\t5\t6\t7\t8\n", "val", "val_annotations.txt");
        data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Classes, Is.EqualTo(new[] { "n01", "n02" }));
        Assert.That(data.Validation!.Labels, Is.EqualTo(new[] { 1, 0, 1 }));
        Assert.That(data.Description, Does.Contain("labels of val/ by val_annotations.txt").And.Contain("test/ ignored")
            .And.Not.Contain("left out"));
        Text(folder, "0.pgm\tn02\n1.pgm\tn09\n", "val", "val_annotations.txt");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "val_annotations.txt", "'n09' at line 2", "2 classes");
        Text(folder, "0.pgm\tn02\n", "val", "val_annotations.txt");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "val_annotations.txt", "each of the 3 images", "none for 2");
    }

    [TestCase("LOC_val_solution.csv", "ImageId,PredictionString\n1,n02 85 1 499 272 n02 1 2 3 4\n0,n01 131 0 499 254\n2,n02 1 2 3 4\n",
        true)]
    [TestCase("val.txt", "0.pgm 0\nval/1.pgm 1\n2.pgm 1\n", false)]
    [TestCase("imagenet_2012_validation_synset_labels.txt", "n01\nn02\nn02\n", false)]
    public void IlsvrcIsLabeledByItsLists(string file, string content, bool isAbove)
    {
        TemporaryFolder folder = New();
        string[] root = isAbove ? ["ILSVRC", "Data", "CLS-LOC"] : ["data"];
        Add(folder, 2, [.. root, "train", "n01"]);
        Add(folder, 2, [.. root, "train", "n02"]);
        Add(folder, 3, [.. root, "val"]);
        Text(folder, content, isAbove ? [file] : [.. root, file]);
        LocatedDataset data = DatasetLocator.Open(folder[root]);
        Assert.That(data.Validation!.Labels, Is.EqualTo(new[] { 0, 1, 1 }));
        Assert.That(data.Description, Does.Contain(file));
    }

    [Test]
    public void IlsvrcIsLabeledByItsXml()
    {
        TemporaryFolder folder = New();
        string[] root = ["ILSVRC", "Data", "CLS-LOC"];
        Add(folder, 2, [.. root, "train", "n01"]);
        Add(folder, 2, [.. root, "train", "n02"]);
        Add(folder, 2, [.. root, "val"]);
        foreach ((int image, string name) in new[] { (0, "n02"), (1, "n01") })
            Text(folder, $"<annotation><folder>val</folder><object><name>{name}</name></object></annotation>", "ILSVRC", "Annotations",
                "CLS-LOC", "val", $"{image}.xml");
        Assert.That(DatasetLocator.Open(folder[root]).Validation!.Labels, Is.EqualTo(new[] { 1, 0 }));
        Text(folder, "<annotation><obj", "ILSVRC", "Annotations", "CLS-LOC", "val", "1.xml");
        OneLine.Thrown(() => DatasetLocator.Open(folder[root]), "1.xml", "expected an XML file");
    }

    [Test]
    public void NestedDataSetIsSuggested()
    {
        TemporaryFolder folder = New();
        Add(folder, 1, "intel", "seg_train", "seg_train", "sea");
        OneLine.Thrown(() => DatasetLocator.Open(folder["intel"]), $"name '{folder["intel", "seg_train", "seg_train"]}'");
        Add(folder, 1, "intel", "seg_test", "seg_test", "sea");
        OneLine.Thrown(() => DatasetLocator.Open(folder["intel"]), "seg_train", "or '", "seg_test");
    }

    [Test]
    public void LinkedImagesCountOnce()
    {
        TemporaryFolder folder = New(), elsewhere = New();
        Add(folder, 1, "data", "a");
        Add(folder, 1, "data", "b");
        Add(elsewhere, 2, "more");
        Directory.CreateSymbolicLink(folder["data", "a", "up"], "..");
        Directory.CreateSymbolicLink(folder["data", "a", "other-class"], folder["data", "b"]);
        Directory.CreateSymbolicLink(folder["data", "c"], elsewhere["more"]);
        Directory.CreateSymbolicLink(folder["data", "d-is-c"], elsewhere["more"]);
        File.CreateSymbolicLink(folder["data", "b", "again.pgm"], Path.Combine("..", "a", "0.pgm"));
        File.CreateSymbolicLink(folder["data", "b", "self.pgm"], "self.pgm");
        string single = elsewhere.Add([.. "P5 1 1 255\n"u8, 9], "single.pgm");
        File.CreateSymbolicLink(folder["data", "b", "x.pgm"], single);
        File.CreateSymbolicLink(folder["data", "b", "y.pgm"], single);
        DatasetReport report = DatasetCheck.Run(folder["data"]);
        Assert.That(report.Classes, Is.EqualTo(new[] { "a", "b", "c" }));
        Assert.That(report.Splits[0].ImagesPerClass, Is.EqualTo(new[] { 1, 3, 2 }));
        Assert.That(report.Description, Does.Contain("5 links to files already included left out"));
        Assert.That(report.Unreadable.Select(image => Path.GetFileName(image.File)), Is.EqualTo(new[] { "self.pgm" }));
    }

    /// <summary>Folders of links into a store of pictures, which is how subsets of a data set are often made.</summary>
    [Test]
    public void LinksIntoAStoreAreFollowed()
    {
        TemporaryFolder folder = New();
        Add(folder, 4, "store");
        foreach ((int image, string[] place) in new (int, string[])[] { (0, ["train", "a"]), (1, ["train", "b"]), (2, ["val", "a"]),
            (3, ["val", "b"]) })
        {
            Directory.CreateDirectory(folder[place]);
            File.CreateSymbolicLink(folder[[.. place, "x.pgm"]], folder["store", $"{image}.pgm"]);
        }
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Train.Count, data.Validation!.Count), Is.EqualTo((2, 2)));
        Assert.That(data.Description, Does.Not.Contain("link"));
    }

    [Test]
    public void ImagesNextToClassFoldersAreReported()
    {
        TemporaryFolder folder = New();
        Add(folder, 2, "data", "a");
        Add(folder, 2, "data", "b");
        Add(folder, 1, "data");
        Assert.That(DatasetLocator.Open(folder["data"]).Description, Does.Contain("1 file of other types or places left out (.pgm 1)"));
    }

    private TemporaryFolder New()
    {
        _folders.Add(new());
        return _folders[^1];
    }

    private static void Text(TemporaryFolder folder, string text, params string[] parts) => folder.Add(Encoding.UTF8.GetBytes(text), parts);

    private static void Add(TemporaryFolder folder, int count, params string[] parts)
    {
        for (int i = 0; i < count; i++) folder.Add([.. "P5 2 2 255\n"u8, (byte)i, 2, 3, 4], [.. parts, $"{i}.pgm"]);
    }
}
