using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class TarTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void ReadsWebDatasetShards([Values] bool compressed,
        [Values(TarEntryFormat.Ustar, TarEntryFormat.Pax, TarEntryFormat.Gnu, TarEntryFormat.V7)] TarEntryFormat format)
    {
        string name = $"wds-{compressed}-{format}", end = compressed ? ".tar.gz" : ".tar";
        Write([name, $"set-train-000000{end}"], compressed, format, Samples(0, 5, "cls"));
        Write([name, $"set-train-000001{end}"], compressed, format, Samples(5, 4, "cls"));
        Write([name, $"set-val-000000{end}"], compressed, format, Samples(20, 3, "cls"));
        Write([name, $"set-test-000000{end}"], compressed, format, Samples(30, 3, "cls"));
        LocatedDataset data = DatasetLocator.Open(_folder[name]);
        Assert.That(data.Description,
            Does.StartWith($"4 tar files{(compressed ? " (gzip)" : "")}: 9 training and 3 validation images of 2x1 gray in 3 classes")
            .And.Contain("3 images kept for testing"));
        Assert.That(Enumerable.Range(0, 3).Select(i => data.Test.Read(i).Pixels[0]), Is.EqualTo(new[] { 30, 31, 32 }));
        Assert.That(data.Classes, Is.EqualTo(new[] { "0", "1", "2" }));
        // In any order, some of them twice.
        foreach (int image in new[] { 8, 0, 3, 3, 7, 2, 8, 5, 0 })
        {
            Assert.That(data.Train.Read(image).Pixels, Is.EqualTo(new byte[] { (byte)image, (byte)(image % 3) }));
            Assert.That(data.Train.Labels[image], Is.EqualTo(image % 3));
        }
        Assert.That(data.Train.Name(6),
            Does.EndWith($"set-train-000001{end}:folder/{6:D4}.a.pgm").Or.EndWith($"set-train-000001{end}:folder/{6:D4}.pgm"));
        Assert.That(data.Validation!.Read(2).Pixels[0], Is.EqualTo(22));
    }

    [Test]
    public void ReadsSeveralKindsOfLabels()
    {
        Write(["kinds", "a.tar"], false, TarEntryFormat.Pax,
        [
            ("0.pgm", Image(0)), ("0.json", Text("{\"caption\": \"x\", \"label\": 1}")),
            ("1.cls.txt", Text("dog\n")), ("1.pgm", Image(1)),
            ("2.pgm", Image(2)), ("2.txt", Text("cat")), ("2.mask.dat", [1]),
            ("._3.pgm", [1]), ("3.pgm", Image(3)), ("3.label", Text("0")),
        ]);
        _folder.Add(Text("cat\ndog\n"), "kinds", "classes.txt");
        LocatedDataset data = DatasetLocator.Open(_folder["kinds"]);
        Assert.That(data.Classes, Is.EqualTo(new[] { "cat", "dog" }));
        Assert.That(data.Train.Labels, Is.EqualTo(new[] { 1, 1, 0, 0 }));
        Assert.That(data.Description, Does.Contain("1 member of other types left out (.dat 1)"));
        Write(["kinds", "a.tar"], false, TarEntryFormat.Pax,
            [("0.pgm", Image(0)), ("0.cls", Text("0")), ("1.pgm", Image(0)), ("1.cls", Text("2"))]);
        OneLine.Thrown(() => DatasetLocator.Open(_folder["kinds"]), "a.tar:1.pgm", "0 to 1", "'2'");
        Write(["kinds", "a.tar"], false, TarEntryFormat.Pax, [("0.pgm", Image(0))]);
        OneLine.Thrown(() => DatasetLocator.Open(_folder["kinds"]), "a.tar", "a label for '0.pgm'", "0.cls");
    }

    [Test]
    public void EmptyImageIsReported([Values] bool compressed)
    {
        string path = Write([compressed ? "empty.tar.gz" : "empty.tar"], compressed, TarEntryFormat.Ustar,
            [("a/1.pgm", Image(1)), ("a/2.pgm", []), ("a/3.pgm", Image(3))]);
        LocatedDataset data = DatasetLocator.Open(path);
        OneLine.Thrown(() => data.Train.Read(1), $"{path}:a/2.pgm", "empty");
        Assert.That(data.Train.Read(2).Pixels[0], Is.EqualTo(3));
    }

    [Test]
    public void ReadsArchiveOfClassFolders()
    {
        string path = Write(["imagenette.tgz"], true, TarEntryFormat.Pax,
        [
            ("./imagenette/train/n02/a.pgm", Image(1)), ("./imagenette/train/n01/b.pgm", Image(2)),
                ("./imagenette/train/n01/c.pgm", Image(3)),
            ("./imagenette/val/n02/d.pgm", Image(4)), ("./imagenette/val/n01/e.pgm", Image(5)),
        ]);
        LocatedDataset data = DatasetLocator.Open(path);
        Assert.That((data.Train.Count, data.Validation!.Count, string.Join(' ', data.Classes)), Is.EqualTo((3, 2, "n01 n02")));
        Assert.That(data.Train.Labels, Is.EqualTo(new[] { 1, 0, 0 }));
        Assert.That(data.Validation.Read(1).Pixels[0], Is.EqualTo(5));
    }

    [Test]
    public void LongNamesAreComplete()
    {
        string deep = string.Join('/', Enumerable.Repeat("a-folder-with-a-long-name", 12));
        foreach (TarEntryFormat format in (TarEntryFormat[])[TarEntryFormat.Pax, TarEntryFormat.Gnu])
        {
            Write(["long", "x.tar"], false, format, [($"{deep}/n01/x.pgm", Image(7))]);
            Assert.That(DatasetLocator.Open(_folder["long"]).Train.Name(0), Does.EndWith($"x.tar:{deep}/n01/x.pgm"));
        }
    }

    [Test]
    public void CutAnywhereGivesOneLineError([Values] bool compressed)
    {
        string path = Write([$"cut-{compressed}", "x" + (compressed ? ".tar.gz" : ".tar")], compressed, TarEntryFormat.Ustar,
            Samples(0, 3, "cls"));
        byte[] whole = File.ReadAllBytes(path);
        int failures = 0;
        for (int length = 0; length < whole.Length; length += compressed ? 1 : 97)
        {
            File.WriteAllBytes(path, whole[..length]);
            try
            {
                LocatedDataset data = DatasetLocator.Open(path);
                for (int i = 0; i < data.Train.Count; i++) Assert.That(data.Train.Read(i).Pixels[0], Is.EqualTo(i));
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Contain(path).And.Not.Contain("\n"));
                failures++;
            }
        }
        Assert.That(failures, Is.Positive);
    }

    [Test]
    public void DamagedFilesAreReadOrRefused([Values] bool compressed)
    {
        string path = Write([$"damage-{compressed}", "x" + (compressed ? ".tar.gz" : ".tar")], compressed, TarEntryFormat.Pax,
            Samples(0, 3, "cls"));
        byte[] whole = File.ReadAllBytes(path);
        Random random = new(3);
        for (int round = 0; round < 500; round++)
        {
            byte[] damaged = (byte[])whole.Clone();
            for (int i = 0; i <= round % 3; i++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(path, damaged);
            try
            {
                LocatedDataset data = DatasetLocator.Open(path);
                for (int i = 0; i < data.Train.Count; i++) data.Train.Read(i);
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Not.Contain("\n"));
            }
        }
    }

    [Test]
    public void ChangedShardIsReported([Values] bool compressed)
    {
        string path = Write([$"changes-{compressed}", "x" + (compressed ? ".tar.gz" : ".tar")], compressed, TarEntryFormat.Ustar,
            Samples(0, 3, "cls"));
        LocatedDataset data = DatasetLocator.Open(path);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(1));
        OneLine.Thrown(() => data.Train.Read(1), path, "has changed since");
        File.Delete(path);
        OneLine.Thrown(() => data.Train.Read(2), path);
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A gray 2x1 image of the number and its class.</summary>
    private static byte[] Image(int number) => [.. "P5 2 1 255\n"u8, (byte)number, (byte)(number % 3)];

    private static (string, byte[])[] Samples(int first, int count, string label) =>
        [.. Enumerable.Range(first, count)
            .SelectMany(i => ((string, byte[])[])[($"folder/{i:D4}.pgm", Image(i)), ($"folder/{i:D4}.{label}", Text($"{i % 3}"))])];

    private string Write(string[] name, bool compressed, TarEntryFormat format, (string Name, byte[] Content)[] members)
    {
        using var stream = new MemoryStream();
        using (Stream inner = compressed ? new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true) : stream)
        {
            using var writer = new TarWriter(inner, format, leaveOpen: !compressed);
            foreach ((string member, byte[] content) in members)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, member),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, member),
                    TarEntryFormat.V7 => new V7TarEntry(TarEntryType.V7RegularFile, member),
                    _ => new PaxTarEntry(TarEntryType.RegularFile, member),
                };
                entry.DataStream = new MemoryStream(content);
                writer.WriteEntry(entry);
            }
            writer.Dispose();
            return _folder.Add(Finish(), name);

            byte[] Finish()
            {
                if (compressed) inner.Dispose();
                return stream.ToArray();
            }
        }
    }
}
