using System.Buffers.Binary;
using System.Text;
using GpuCnn.Data;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>CIFAR's Python version: pickles of protocol 2 as Python 2's cPickle wrote them, opcode by opcode.</summary>
public sealed class CifarPickleTests
{
    [Test]
    public void ReadsCifar10()
    {
        using TemporaryFolder folder = new();
        for (int i = 1; i <= 5; i++) folder.Add(Batch([3, 9, 0], "labels", seed: i), $"data_batch_{i}");
        folder.Add(Batch([1, 2], "labels", seed: 6), "test_batch");
        folder.Add(Meta("label_names", 10), "batches.meta");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That(data.Description,
            Is.EqualTo("CIFAR-10 Python pickles: 15 training and 2 validation images of 32x32 RGB in 10 classes"));
        Assert.That(data.Classes[9], Is.EqualTo("class 9"));
        Assert.That(data.Train.Labels.Take(4), Is.EqualTo(new[] { 3, 9, 0, 3 }));
        byte[] rows = Rows(3, 1);
        // Red, green and blue of pixel 33 of the second image, from planes of 1,024 bytes each.
        Assert.That(data.Train.Read(1).Pixels.AsSpan(99, 3).ToArray(),
            Is.EqualTo(new[] { rows[3072 + 33], rows[3072 + 1024 + 33], rows[3072 + 2048 + 33] }));
    }

    [Test]
    public void Cifar100UsesFineLabels()
    {
        using TemporaryFolder folder = new();
        folder.Add(Batch([99, 5], "fine_labels", 1), "train");
        folder.Add(Batch([7], "fine_labels", 2), "test");
        folder.Add(Meta("fine_label_names", 100), "meta");
        LocatedDataset data = DatasetLocator.Open(folder.Path);
        Assert.That((data.Kind, data.Classes.Count, data.Train.Labels[0], data.Validation!.Labels[0]),
            Is.EqualTo(("CIFAR-100 Python pickles", 100, 99, 7)));
    }

    [Test]
    public void WrongContentGivesOneLineError()
    {
        using TemporaryFolder folder = new();
        folder.Add(Batch([3, 10], "labels", 1), "data_batch_1");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "data_batch_1", "labels of 0 to 9", "10 in row 1");
        folder.Add(Batch([3, 1], "other", 1), "data_batch_1");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "data_batch_1", "'labels'");
        folder.Add(Encoding.Latin1.GetBytes("\u0080\u0002cos\nsystem\nU\u0004trueq\u0001\u0085R."), "data_batch_1");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "data_batch_1", "os.system", "was not run");
        folder.Add([1], "data_batch_1");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path), "data_batch_1", "Download");
    }

    [Test]
    public void DamagedFilesAreReadOrRefused()
    {
        using TemporaryFolder folder = new();
        byte[] whole = Batch([3, 1], "labels", 1);
        // Everything but the pixels, where any byte is valid.
        int pixels = 2 * 3072, first = Array.IndexOf(whole, (byte)'T') + 5;
        Random random = new(5);
        for (int i = 0; i < 600; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            int at = random.Next(whole.Length - pixels);
            damaged[at < first ? at : at + pixels] = (byte)random.Next(256);
            if (i % 3 == 0) damaged = damaged[..random.Next(damaged.Length)];
            folder.Add(damaged, "data_batch_1");
            try
            {
                DatasetLocator.Open(folder.Path);
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Not.Contain("\n"));
            }
        }
    }

    private static byte[] Rows(int count, int seed)
    {
        byte[] rows = new byte[count * 3072];
        new Random(seed).NextBytes(rows);
        return rows;
    }

    /// <summary>Pickles {"batch_label": ..., LABELS: [...], "data": array(uint8), "filenames": [...]}.</summary>
    private static byte[] Batch(int[] labels, string name, int seed)
    {
        Writer writer = new();
        writer.Raw("\u0080\u0002}q\u0001(").Text("batch_label").Raw("q\u0002").Text("training batch").Raw("q\u0003").Text(name)
            .Raw("q\u0004]q\u0005(");
        foreach (int label in labels) writer.Raw("K").Bytes((byte)label);
        writer.Raw("e").Text("data").Raw("q\u0006cnumpy.core.multiarray\n_reconstruct\nq\u0007cnumpy\nndarray\nq\u0008K\0\u0085").Text("b")
            .Raw("\u0087Rq\u0009(K\u0001K")
            .Bytes((byte)labels.Length).Raw("M").Bytes(0, 12).Raw("\u0086" + "cnumpy\ndtype\nq\u000A").Text("u1")
                .Raw("K\0K\u0001\u0087Rq\u000B(K\u0003").Text("|")
            .Raw("NNNJ\u00FF\u00FF\u00FF\u00FFJ\u00FF\u00FF\u00FF\u00FFK\0tb\u0089");
        byte[] rows = Rows(labels.Length, seed), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, rows.Length);
        writer.Raw("T").Bytes(length).Bytes(rows).Raw("tb").Text("filenames").Raw("q\u000C]q\u000D(");
        for (int i = 0; i < labels.Length; i++) writer.Text($"picture_{i}.png").Raw("r").Bytes((byte)i, 1, 0, 0);
        return writer.Raw("eu.").ToArray();
    }

    private static byte[] Meta(string name, int count)
    {
        Writer writer = new Writer().Raw("\u0080\u0002}q\u0001(").Text("num_vis").Raw("M").Bytes(0, 12).Text(name).Raw("]q\u0002(");
        for (int i = 0; i < count; i++) writer.Text($"class {i}");
        return writer.Raw("eu.").ToArray();
    }

    private sealed class Writer
    {
        private readonly MemoryStream _stream = new();

        public Writer Raw(string latin)
        {
            _stream.Write(Encoding.Latin1.GetBytes(latin));
            return this;
        }

        public Writer Bytes(params byte[] bytes)
        {
            _stream.Write(bytes);
            return this;
        }

        /// <summary>Writes a SHORT_BINSTRING.</summary>
        public Writer Text(string text) => Raw("U").Bytes((byte)text.Length).Raw(text);

        public byte[] ToArray() => _stream.ToArray();
    }
}
