using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Reads files that Apache Arrow's C++ library wrote in Hugging Face's layout (make_parquet_vectors.cs).</summary>
public sealed class ParquetTests
{
    private static string Vectors => Path.Combine(TestData.RepositoryRoot, "Tests", "Data", "vectors");

    [TestCase("huggingface.parquet")]
    [TestCase("huggingface-zstd.parquet")]
    public void ReadsImagesLabelsAndNames(string name)
    {
        LocatedDataset data = DatasetLocator.Open(Path.Combine(Vectors, name));
        Assert.That(data.Description, Is.EqualTo("1 Parquet file: 7 images of 2x1 gray in 3 classes"));
        Assert.That(data.Classes, Is.EqualTo(new[] { "cat", "dog", "owl" }));
        Assert.That(data.Train.Labels, Is.EqualTo(new[] { 0, 1, 2, 0, 1, 2, 0 }));
        foreach (int row in new[] { 5, 0, 3, 3, 4 }) Assert.That(data.Train.Read(row).Pixels,
            Is.EqualTo(new byte[] { (byte)row, (byte)(row % 3) }));
        // The last row has no image.
        OneLine.Thrown(() => data.Train.Read(6), $"{name}#6", "empty");
    }

    [TestCase("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/validation-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet")]
    [TestCase("default/train/0000.parquet", "default/train/0001.parquet", "default/validation/0000.parquet", "default/test/0000.parquet")]
    public void SplitsFollowFileOrFolderNames(params string[] names)
    {
        using TemporaryFolder folder = new();
        foreach (string name in names) folder.Add(File.ReadAllBytes(Path.Combine(Vectors, "huggingface.parquet")), name.Split('/'));
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Description, Does.StartWith("4 Parquet files: 14 training and 7 validation images")
            .And.Contain("7 images kept for testing"));
        Assert.That((data.Test.Count, data.Test.Read(5).Pixels[0]), Is.EqualTo((7, 5)));
        Assert.That(data.Test.Name(0), Does.Contain("test"));
        Assert.That(data.Train.Read(8).Pixels[0], Is.EqualTo(1));
        Assert.That(data.Train.Name(8), Does.EndWith("#1"));
    }

    [Test]
    public void DamagedFilesAreReadOrRefused()
    {
        using TemporaryFolder folder = new();
        byte[] whole = File.ReadAllBytes(Path.Combine(Vectors, "huggingface.parquet"));
        string path = folder.Add(whole, "x.parquet");
        Random random = new(4);
        int failures = 0;
        for (int round = 0; round < 600; round++)
        {
            byte[] damaged = round % 4 == 0 ? whole[..random.Next(whole.Length)] : (byte[])whole.Clone();
            if (round % 4 > 0)
                for (int i = 0; i < round % 4; i++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(path, damaged);
            try
            {
                LocatedDataset data = DatasetLocator.Open(path);
                for (int i = 0; i < data.Train.Count; i++) data.Train.Read(i);
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Contain("x.parquet").And.Not.Contain("\n"));
                failures++;
            }
        }
        Assert.That(failures, Is.GreaterThan(200));
    }
}
