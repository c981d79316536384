using System.Formats.Tar;
using System.IO.Compression;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>The content hash of images, the same wherever the bytes lie.</summary>
public sealed class ImageContentTests
{
    private const int Count = 60;

    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    /// <summary>Values of the reference implementation (github.com/Cyan4973/xxHash, xxhsum -H3): no content, and one letter.</summary>
    [TestCase("", 0x2D06800538D394C2UL)]
    [TestCase("a", 0xE6C632B61E964E1FUL)]
    public void IsXxh3(string text, ulong expected) =>
        Assert.That(ImageContent.Hash(System.Text.Encoding.UTF8.GetBytes(text)), Is.EqualTo(expected));

    [Test]
    public void IsTheSameInFoldersAndShards([Values] bool compressed)
    {
        byte[][] images = [.. Enumerable.Range(0, Count).Select(Image)];
        ulong[] expected = [.. images.Select(image => ImageContent.Hash(image))];
        string name = $"shards-{compressed}";
        Directory.CreateDirectory(_folder[name]);
        for (int i = 0; i < Count; i++) _folder.Add(images[i], $"folders-{compressed}", "ab"[i * 2 / Count].ToString(), $"{i:D3}.pgm");
        for (int shard = 0; shard < 3; shard++)
        {
            using Stream file = File.Create(_folder[name, $"{shard}.tar{(compressed ? ".gz" : "")}"]);
            using Stream? gzip = compressed ? new GZipStream(file, CompressionLevel.Fastest) : null;
            using TarWriter writer = new(gzip ?? file);
            for (int i = shard * Count / 3; i < (shard + 1) * Count / 3; i++)
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{"ab"[i * 2 / Count]}/{i:D3}.pgm")
                {
                    DataStream = new MemoryStream(images[i]),
                });
        }
        ImageSplit folders = DatasetLocator.Open(_folder[$"folders-{compressed}"]).Train;
        ImageSplit shards = DatasetLocator.Open(_folder[name]).Train;
        Assert.That(shards, compressed ? Is.TypeOf<StreamedSplit>() : Is.TypeOf<TarSplit>());
        foreach (ImageSplit split in new[] { folders, shards })
        {
            Assert.That(ImageContent.HashAll(split), Is.EqualTo(expected));
            // In any order, some twice.
            foreach (int i in new[] { 59, 0, 30, 30, 7, 59 }) Assert.That(split.ContentHash(i), Is.EqualTo(expected[i]));
            SubsetSplit some = new("some", split, [3, 4, 41]);
            Assert.That(ImageContent.HashAll(some), Is.EqualTo(new[] { expected[3], expected[4], expected[41] }));
            ImageSplit turned = RelabelledSplit.TryCreate(some, ["z", "b", "a"], out _)!;
            Assert.That(turned, Is.TypeOf<RelabelledSplit>());
            Assert.That(turned.ContentHash(2), Is.EqualTo(expected[41]));
        }
    }

    [Test]
    public void FollowsParquetRows()
    {
        string path = Path.Combine(TestData.RepositoryRoot, "Tests", "Data", "vectors", "huggingface.parquet");
        ulong?[] hashes = ImageContent.HashAll(DatasetLocator.Open(path).Train);
        Assert.That(hashes, Has.Length.EqualTo(7).And.Unique);
        Assert.That(hashes, Has.None.Null);
        // The last row has no image.
        Assert.That(hashes[6], Is.EqualTo(ImageContent.Hash([])));
    }

    [Test]
    public void ImagesInMemoryDependOnExtentsAndPixels()
    {
        byte[] pixels = [1, 2, 3, 4, 5, 6];
        PixelImage[] images = [new(6, 1, 1, pixels), new(1, 6, 1, pixels), new(2, 1, 3, pixels), new(6, 1, 1, [1, 2, 3, 4, 5, 7])];
        MemorySplit split = new("memory", ["a"], new int[images.Length], images, "file");
        Assert.That(ImageContent.HashAll(split), Is.Unique.And.None.Null);
        Assert.That(split.ContentHash(0), Is.EqualTo(ImageContent.Hash(new PixelImage(6, 1, 1, [1, 2, 3, 4, 5, 6]))));
    }

    /// <summary>Names, times and extensions do not count. A changed byte does, also in an image too damaged to be decoded.</summary>
    [Test]
    public void DependsOnContentAlone()
    {
        string[] files =
        [
            _folder.Add(Image(1), "f", "1.pgm"), _folder.Add(Image(1), "f", "2.png"), _folder.Add(Image(1)[..^1], "f", "3.pgm"),
            _folder.Add([], "f", "4.pgm"), _folder["f", "missing.pgm"],
        ];
        File.SetLastWriteTimeUtc(files[1], new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        FileSplit split = new("files", ["a"], new int[files.Length], files);
        ulong?[] hashes = ImageContent.HashAll(split);
        Assert.That(hashes[1], Is.EqualTo(hashes[0]));
        Assert.That(hashes[2], Is.Not.EqualTo(hashes[0]).And.Not.Null);
        Assert.That(hashes[3], Is.EqualTo(ImageContent.Hash([])));
        Assert.That(hashes[4], Is.Null);
        OneLine.Thrown(() => split.ContentHash(4), "missing.pgm");
    }

    private static byte[] Image(int i) => [.. "P5 2 1 255\n"u8, (byte)i, (byte)(i * 7)];
}
