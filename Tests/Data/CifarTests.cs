using System.Text;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class CifarTests
{
    [Test]
    public void ReadsCifar10()
    {
        using TemporaryFolder folder = new();
        for (int i = 1; i <= 5; i++) folder.Add(Records(1, 4, 10), $"data_batch_{i}.bin");
        folder.Add(Records(1, 3, 10), "test_batch.bin");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Train.Count, data.Validation!.Count), Is.EqualTo((20, 3)));
        Assert.That(data.Classes[9], Is.EqualTo("truck"));
        Assert.That(data.Train.Labels.Take(5), Is.EqualTo(new[] { 0, 1, 2, 3, 0 }));
        // Planes become pixels: red comes from the first plane, green from the second, blue from the third.
        Assert.That(data.Train.Read(1).Pixels.AsSpan(3 * 33, 3).ToArray(), Is.EqualTo(new byte[] { 1 + 33, 101 + 33, 201 + 33 }));
        folder.Add(Encoding.ASCII.GetBytes("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"), "batches.meta.txt");
        File.Delete(folder["data_batch_4.bin"]);
        data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Classes[9], data.Train.Count), Is.EqualTo(("j", 16)));
        Assert.That(data.Description, Does.Contain("4 of 5 training files"));
    }

    [Test]
    public void ReadsCifar100()
    {
        using TemporaryFolder folder = new();
        folder.Add(Records(2, 4, 100), "train.bin");
        folder.Add(Records(2, 2, 100), "test.bin");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Kind, data.Classes.Count, data.Train.Labels[3]), Is.EqualTo(("CIFAR-100 binary files", 100, 3)));
    }

    [Test]
    public void DamageGivesOneLineError()
    {
        using TemporaryFolder folder = new();
        byte[] whole = Records(1, 2, 10);
        folder.Add(whole[..^1], "data_batch_1.bin");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "data_batch_1.bin", "records of 3,073 bytes", "6,145");
        whole[3073] = 10;
        folder.Add(whole, "data_batch_1.bin");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "labels of 0 to 9", "10 in record 1");
        folder.Add([], "data_batch_1.bin");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "0 bytes");
    }

    [Test]
    public void SecondCopiesOfADownloadAreLeftOut()
    {
        using TemporaryFolder folder = new();
        folder.Add(Records(1, 2, 10), "data_batch_1.bin");
        folder.Add(Records(1, 2, 10), "data_batch_1 (1).bin");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Train.Count, Is.EqualTo(2));
        Assert.That(data.Description, Does.Contain("'data_batch_1 (1).bin' left out"));
    }

    [Test]
    public void TwoClassesOfOneNameAreRefused()
    {
        using TemporaryFolder folder = new();
        folder.Add(Records(1, 10, 10), "data_batch_1.bin");
        folder.Add(Encoding.ASCII.GetBytes("a\nb\nc\nd\nb\nf\ng\nh\ni\nj\n"), "batches.meta.txt");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "batches.meta.txt", "'b' as 1 and 4");
    }

    private static byte[] Records(int labelBytes, int count, int classes)
    {
        byte[] content = new byte[count * (labelBytes + 3072)];
        for (int i = 0; i < count; i++)
        {
            Span<byte> record = content.AsSpan(i * (labelBytes + 3072), labelBytes + 3072);
            if (labelBytes == 2) record[0] = 19;
            record[labelBytes - 1] = (byte)(i % classes);
            for (int c = 0; c < 3; c++)
                for (int p = 0; p < 1024; p++)
                    record[labelBytes + c * 1024 + p] = (byte)(i + 100 * c + p);
        }
        return content;
    }
}
