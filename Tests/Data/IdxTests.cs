using System.Buffers.Binary;
using System.IO.Compression;
using GpuCnn.Data;
using GpuCnn.Data.Formats;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class IdxTests
{
    [Test]
    public void ReadsPlainAndGzip()
    {
        byte[] plain = Idx([2, 2, 3], 12);
        foreach (byte[] content in (byte[][])[plain, Gzip(plain)])
        {
            IdxArray array = IdxReader.Decode(content, "a");
            Assert.That(array.Dimensions, Is.EqualTo(new[] { 2, 2, 3 }));
            Assert.That(array.Values, Is.EqualTo(plain[16..]));
        }
    }

    [Test]
    public void FileCutAnywhereGivesOneLineError([Values] bool compressed)
    {
        byte[] whole = Idx([3, 4, 4], 48);
        if (compressed) whole = Gzip(whole);
        for (int length = 0; length < whole.Length; length++)
            OneLine.Thrown(() => IdxReader.Decode(whole[..length], "b.idx"), "'b.idx'");
        OneLine.Thrown(() => IdxReader.Decode(compressed ? Gzip([.. Idx([3, 4, 4], 48), 0]) : [.. whole, 0], "b.idx"), "'b.idx'",
            "but got more");
    }

    [Test]
    public void GzipMembersAndPaddingAreRead()
    {
        byte[] plain = Idx([3, 4, 4], 48);
        byte[] members = [.. Gzip(plain[..30]), .. Gzip(plain[30..])];
        foreach (byte[] content in (byte[][])[members, [.. members, .. new byte[700]], [.. Gzip(plain), .. new byte[9]]])
            Assert.That(IdxReader.Decode(content, "m").Values, Is.EqualTo(plain[16..]));
        for (int length = 0; length < members.Length; length++)
            OneLine.Thrown(() => IdxReader.Decode(members[..length], "m.idx"), "'m.idx'");
    }

    [Test]
    public void FlippedBitIsReadOrRefused([Values] bool compressed)
    {
        byte[] whole = Idx([3, 4, 4], 48);
        if (compressed) whole = Gzip(whole);
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                IdxReader.Decode(damaged, "c");
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Not.Contain("\n"));
            }
        }
    }

    [TestCase(0, 1, "the magic")]
    [TestCase(2, 13, "unsigned bytes")]
    [TestCase(3, 0, "rank")]
    [TestCase(3, 9, "rank")]
    [TestCase(4, 0x7F, "values")]
    [TestCase(4, 0x80, "positive")]
    public void WrongHeaderGivesOneLineError(int position, int value, string part)
    {
        byte[] content = Idx([3, 4, 4], 48);
        content[position] = (byte)value;
        long before = GC.GetAllocatedBytesForCurrentThread();
        OneLine.Thrown(() => IdxReader.Decode(content, "d"), "'d'", part);
        OneLine.Thrown(() => IdxReader.Decode(Gzip(content), "d"), "'d'", part);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    [Test]
    public void ImagesAndLabelsAreNotMixedUp()
    {
        using TemporaryFolder folder = new();
        string images = folder.Add(Idx([2, 3, 3], 18), "i"), labels = folder.Add(Idx([2], 2), "l");
        OneLine.Thrown(() => IdxReader.ReadImages(labels), labels, "is this the labels file?");
        OneLine.Thrown(() => IdxReader.ReadLabels(images), images, "is this the images file?");
        OneLine.Thrown(() => IdxReader.ReadImages(folder.Add(Idx([1, 2, 2, 2], 8), "x")), "[1, 2, 2, 2]");
        Assert.That(IdxReader.ReadImages(folder.Add(Idx([1, 2, 2, 3], 12), "y")).Dimensions, Has.Count.EqualTo(4));
    }

    [Test]
    public void FolderIsRecognized([Values("-idx", ".idx")] string separator, [Values] bool compressed)
    {
        using TemporaryFolder folder = new();
        AddMnist(folder, "", separator, compressed, trainCount: 12, testCount: 4);
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Train.Count, data.Validation!.Count, data.Classes.Count), Is.EqualTo((12, 4, 10)));
        Assert.That(data.Description, Does.Contain("IDX files").And.Contain("5x4 gray").And.Contain("12 training and 4 validation images"));
        Assert.That(data.Train.Labels.Take(3), Is.EqualTo(new[] { 0, 1, 2 }));
        // The first image has 20 bytes; the second begins after them.
        Assert.That(data.Train.Read(1).Pixels[0], Is.EqualTo(20));
    }

    [Test]
    public void EmnistIsTransposedAndItsLettersStartAtOne()
    {
        using TemporaryFolder folder = new();
        AddMnist(folder, "emnist-letters-", "-idx", compressed: true, 27, 26, firstLabel: 1, classes: 26);
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Kind, Is.EqualTo("EMNIST letters IDX files (gzip)"));
        Assert.That(string.Concat(data.Classes), Is.EqualTo("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        Assert.That(data.Train.Labels[0], Is.Zero);
        PixelImage image = data.Train.Read(0);
        Assert.That((image.Width, image.Height), Is.EqualTo((4, 5)));
        Assert.That(image.Row(0).ToArray(), Is.EqualTo(new byte[] { 0, 5, 10, 15 }));
    }

    [Test]
    public void FileSelectsOneOfSeveralDataSets()
    {
        using TemporaryFolder folder = new();
        AddMnist(folder, "emnist-letters-", "-idx", true, 27, 26, 1, 26);
        AddMnist(folder, "emnist-balanced-", "-idx", true, 50, 47, 0, 47);
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "'emnist-balanced-'", "'emnist-letters-'", "name one of the files");
        LocatedDataset data = DatasetLocator.Open(folder["emnist-balanced-test-labels-idx1-ubyte.gz"]);
        Assert.That((data.Train.Count, string.Concat(data.Classes)), Is.EqualTo((50, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")));
    }

    /// <summary>One damaged label must not make classes without images.</summary>
    [TestCase("", 10, 200)]
    [TestCase("", 10, 20)]
    [TestCase("", 10, 12)]
    [TestCase("", 4, 255)]
    [TestCase("emnist-digits-", 10, 46)]
    [TestCase("emnist-letters-", 26, 90, 1)]
    [TestCase("emnist-balanced-", 47, 120)]
    [TestCase("emnist-byclass-", 62, 200)]
    public void ALabelFarBeyondTheOthersIsRefused(string prefix, int classes, int label, int first = 0)
    {
        using TemporaryFolder folder = new();
        AddMnist(folder, prefix, "-idx", false, classes + 5, 4, first, classes);
        string labels = folder[$"{prefix}train-labels-idx1-ubyte"];
        byte[] content = File.ReadAllBytes(labels);
        content[8 + 3] = (byte)label;
        File.WriteAllBytes(labels, content);
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "labels-idx1-ubyte", $"got {label} at 3");
    }

    /// <summary>Labels within the usual ones need no image each, and more classes than usual are fine if they have images.</summary>
    [Test]
    public void ClassesWithoutImagesAreFineOrNoted()
    {
        Assert.That(Open(3).Classes, Has.Count.EqualTo(10));
        Assert.That(Open(3).Notes, Is.Empty);
        Assert.That(Open(120).Classes, Has.Count.EqualTo(120));
        Assert.That(Open(120).Notes, Is.Empty);
        LocatedDataset gap = Open(120, 119, 130);
        Assert.That(gap.Classes, Has.Count.EqualTo(131));
        Assert.That(gap.Notes, Is.EqualTo(new[] { "11 of 131 classes have no image" }));

        static LocatedDataset Open(int classes, int changed = 0, int label = 0)
        {
            using TemporaryFolder folder = new();
            AddMnist(folder, "", "-idx", false, 120, 4, 0, classes);
            string labels = folder["train-labels-idx1-ubyte"];
            byte[] content = File.ReadAllBytes(labels);
            content[8 + changed] = (byte)label;
            File.WriteAllBytes(labels, content);
            return DatasetLocator.Open(folder.Path);
        }
    }

    [Test]
    public void MismatchesGiveOneLineErrors()
    {
        using TemporaryFolder folder = new();
        AddMnist(folder, "", "-idx", false, 12, 4);
        folder.Add(Idx([11], 11), "train-labels-idx1-ubyte");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "train-labels-idx1-ubyte", "expected 12 labels", "got 11");
        File.Delete(folder["train-labels-idx1-ubyte"]);
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "train-images-idx3-ubyte", "'train-labels-idx1-ubyte'");
        File.Delete(folder["train-images-idx3-ubyte"]);
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.HasTraining, data.Evaluation.Count), Is.EqualTo((false, 4)));
        OneLine.Thrown(() => _ = data.Train, folder.Path, "validation images only");
    }

    [Test]
    public void RealMnistHasItsKnownCountsAndStatistics()
    {
        LocatedDataset data = DatasetLocator.Open(TestData.Require("mnist"));
        Assert.That((data.Train.Count, data.Validation!.Count), Is.EqualTo((60_000, 10_000)));
        // Counts per digit and the first labels: http://yann.lecun.com/exdb/mnist and every tutorial since.
        Assert.That(data.Train.CountPerClass(), Is.EqualTo(new[] { 5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949 }));
        Assert.That(data.Train.Labels.Take(10), Is.EqualTo(new[] { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4 }));
        Assert.That(data.Validation.Labels.Take(5), Is.EqualTo(new[] { 7, 2, 1, 0, 4 }));
        NormalizationStatistics statistics =
            NormalizationStatistics.Compute(data.Train, Engine.Tensors.Shape.Volume(1, 28, 28), Engine.Datasets.ImageFit.Pad);
        Assert.That(statistics.Mean[0], Is.EqualTo(0.1307f).Within(5e-5f));
        Assert.That(statistics.Std[0], Is.EqualTo(0.3081f).Within(5e-5f));
    }

    /// <summary>Images of 5 columns by 4 rows with increasing values.</summary>
    internal static void AddMnist(
        TemporaryFolder folder, string prefix, string separator, bool compressed, int trainCount, int testCount, int firstLabel = 0,
        int classes = 10)
    {
        foreach ((string part, int count) in ((string, int)[])[("train", trainCount), (prefix.Length == 0 ? "t10k" : "test", testCount)])
        {
            Add($"{prefix}{part}-images{separator}3-ubyte", Idx([count, 4, 5], count * 20));
            byte[] labels = Idx([count], count);
            for (int i = 0; i < count; i++) labels[8 + i] = (byte)(firstLabel + i % classes);
            Add($"{prefix}{part}-labels{separator}1-ubyte", labels);
        }

        void Add(string name, byte[] content) => folder.Add(compressed ? Gzip(content) : content, compressed ? name + ".gz" : name);
    }

    private static byte[] Idx(int[] dimensions, int count)
    {
        byte[] content = new byte[4 + 4 * dimensions.Length + count];
        content[2] = 8;
        content[3] = (byte)dimensions.Length;
        for (int i = 0; i < dimensions.Length; i++) BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(4 + 4 * i), dimensions[i]);
        for (int i = 0; i < count; i++) content[^(count - i)] = (byte)i;
        return content;
    }

    private static byte[] Gzip(byte[] content)
    {
        MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Optimal)) gzip.Write(content);
        return compressed.ToArray();
    }
}
