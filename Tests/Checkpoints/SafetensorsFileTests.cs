using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints;

public sealed class SafetensorsFileTests : CheckpointFixture
{
    [Test]
    public void TensorsAndMetadataKeepTheirBits()
    {
        string path = At("round.safetensors");
        float quiet = BitConverter.UInt32BitsToSingle(0x7FC12345), signalling = BitConverter.UInt32BitsToSingle(0x7F812345);
        KeyValuePair<string, Tensor>[] tensors =
        [
            Named("conv1.weight", [1, 2, 1, 3], 1, -0f, float.Epsilon, float.MaxValue, float.NegativeInfinity, 0.1f),
            Named("scalar", [], 42), Named("empty", [3, 0, 2]), Named("nan", [2], quiet, signalling),
            Named("Größe.重み 😀 \" \\ \n", [1], 7), Named("", [1], 8),
        ];
        Dictionary<string, string> metadata = new() { ["note"] = "a \"quoted\"\nline 😀", [""] = "", ["ключ"] = "значение" };

        SafetensorsFile.Write(path, tensors, metadata);

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.That(file.Metadata, Is.EquivalentTo(metadata));
        Assert.That(file.Entries.Select(e => e.Name), Is.EqualTo(tensors.Select(t => t.Key).Order(StringComparer.Ordinal)));
        foreach ((string name, Tensor tensor) in tensors)
        {
            Tensor read = file.ReadTensor(name);
            Assert.That(read.Dimensions, Is.EqualTo(tensor.Dimensions));
            Assert.That(Bits(read), Is.EqualTo(Bits(tensor)));
        }
    }

    [Test]
    public void ThousandsOfTensorsAreRead()
    {
        string path = At("many.safetensors");
        SafetensorsFile.Write(
            path, Enumerable.Range(0, 5000).Select(i => Named($"layer{i}.weight", [i % 3], new float[i % 3])));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.That(file.Entries, Has.Count.EqualTo(5000));
        Assert.That(file.ReadTensor("layer4999.weight").Dimensions, Is.EqualTo([4999 % 3]));
        Assert.That(file.Contains("layer5000.weight"), Is.False);
    }

    [Test]
    public void TensorOfManySlicesIsRead()
    {
        string path = At("large.safetensors");
        var values = new float[(1 << 24) + 77];
        for (int i = 0; i < values.Length; i++) values[i] = i;
        SafetensorsFile.Write(path, [new("a", new Tensor([values.Length], values))]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.That(file.ReadTensor("a").Values.AsSpan().SequenceEqual(values));
    }

    [Test]
    public void SameInputGivesSameBytes()
    {
        KeyValuePair<string, Tensor>[] tensors = [Named("b", [1], 1), Named("a", [2], 2, 3), Named("B", [], 4)];
        var metadata = new Dictionary<string, string> { ["x"] = "1", ["k"] = "2" };
        SafetensorsFile.Write(At("one"), tensors, metadata);
        SafetensorsFile.Write(At("two"), tensors.Reverse(), metadata.Reverse().ToDictionary());
        Assert.That(File.ReadAllBytes(At("one")), Is.EqualTo(File.ReadAllBytes(At("two"))));
    }

    /// <summary>Parsed only with System.Text.Json and arithmetic, so that writer and reader cannot share a mistake.</summary>
    [Test]
    public void LayoutMatchesTheFormat()
    {
        string path = At("layout.safetensors");
        for (int padding = 0; padding < 8; padding++)
        {
            string name = "w" + new string('x', padding);
            SafetensorsFile.Write(path, [Named(name, [2], 1, 2), Named("b", [], 3)], new Dictionary<string, string> { ["k"] = "v" });
            byte[] bytes = File.ReadAllBytes(path);
            int headerBytes = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
            Assert.That(headerBytes % 8, Is.Zero);
            string json = Encoding.UTF8.GetString(bytes, 8, headerBytes);
            Assert.That(json, Does.StartWith("""{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"w"""));
            JsonElement w = JsonDocument.Parse(json).RootElement.GetProperty(name);
            Assert.That(w.GetRawText(), Is.EqualTo("""{"dtype":"F32","shape":[2],"data_offsets":[4,12]}"""));
            byte[] data = bytes[(8 + headerBytes)..];
            Assert.That(data, Has.Length.EqualTo(12));
            float[] values = [.. data.Chunk(4).Select(value => BinaryPrimitives.ReadSingleLittleEndian(value))];
            Assert.That(values, Is.EqualTo(new float[] { 3, 1, 2 }));
        }
    }

    /// <summary>Written by make_safetensors_vectors.py with Python's struct and json; F16 and BF16 agree with PyTorch 1.13.</summary>
    [Test]
    public void FileOfAnotherImplementationIsRead()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Vectors(), "floats.safetensors"));
        Assert.That(file.Metadata["note"], Is.EqualTo("quote \" newline \n ü 😀"));
        string[] lines = File.ReadAllLines(Path.Combine(Vectors(), "floats.txt"));
        Assert.That(lines, Has.Length.EqualTo(8));
        foreach (string[] fields in lines.Select(line => line.Split('|')))
        {
            Tensor tensor = file.ReadTensor(fields[0]);
            Assert.That(string.Join(',', tensor.Dimensions), Is.EqualTo(fields[1]), fields[0]);
            Assert.That(string.Join(',', Bits(tensor).Select(bits => $"{bits:x8}")), Is.EqualTo(fields[2]), fields[0]);
        }
        Assert.That(file.ReadBytes("mask"), Is.EqualTo(new byte[] { 1, 0, 1 }));
        Assert.That(BitConverter.ToInt64(file.ReadBytes("count")), Is.EqualTo(-5));
        Assert.That(file.Entries.Single(e => e.Name == "count").IsNumeric);
        Assert.That(file.ReadTensor("count").Values, Is.EqualTo(new float[] { -5 }));
    }

    [Test]
    public void HalfAndDoubleConvertAcrossChunks([Values("F16", "BF16", "F64")] string type)
    {
        const int count = 300_000;
        int size = type == "F64" ? 8 : 2;
        byte[] bytes = Bytes($$"""{"a":{"dtype":"{{type}}","shape":[{{count}}],"data_offsets":[0,{{count * size}}]} }""", count * size);
        Span<byte> data = bytes.AsSpan(bytes.Length - (count * size));
        for (int i = 0; i < count; i++)
        {
            Span<byte> element = data[(i * size)..];
            if (type == "F64") BinaryPrimitives.WriteDoubleLittleEndian(element, i);
            else if (type == "F16") BinaryPrimitives.WriteHalfLittleEndian(element, (Half)(i % 2048));
            else BinaryPrimitives.WriteUInt16LittleEndian(element, (ushort)(BitConverter.SingleToUInt32Bits(i % 256) >> 16));
        }
        int period = type switch { "F16" => 2048, "BF16" => 256, _ => count };
        using SafetensorsFile file = SafetensorsFile.Open(FileOf(bytes));
        Assert.That(file.ReadTensor("a").Values, Is.EqualTo(Enumerable.Range(0, count).Select(i => (float)(i % period))));
    }

    [Test]
    public void OffsetsBeyondFourGigabytesAreWritten()
    {
        var shared = new float[1 << 26];
        var writer = new SafetensorsWriter(Enumerable.Range(0, 17).Select(i => Named($"t{i:d2}", [1 << 26], shared)), null);
        using var counter = new CountingStream();
        writer.WriteTo(counter);
        Assert.That(counter.Length, Is.EqualTo(writer.ByteCount).And.GreaterThan(17L << 28));
        Assert.That(Encoding.UTF8.GetString(counter.First), Does.Contain($"[{16L << 28},{17L << 28}]"));
    }

    [Test]
    public void DataBeyondFourGigabytesIsRead()
    {
        const long bytes = 5L << 30;
        string path = At("sparse.safetensors");
        byte[] head = Bytes($$"""
            {"a":{"dtype":"U8","shape":[{{bytes}}],"data_offsets":[0,{{bytes}}]},
             "b":{"dtype":"F32","shape":[1],"data_offsets":[{{bytes}},{{bytes + 4}}]} }
            """);
        using (FileStream stream = File.Create(path))
        {
            stream.Write(head);
            stream.Position += bytes;
            stream.Write(BitConverter.GetBytes(1.5f));
        }
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.That(file.ReadTensor("b").Values, Is.EqualTo(new[] { 1.5f }));
        Assert.That(MessageOf(path, () => file.ReadBytes("a")), Does.Contain("Split it"));
    }

    [Test]
    public void MissingTensorListsKnownNames()
    {
        string path = At("names.safetensors");
        SafetensorsFile.Write(path, Enumerable.Range(0, 12).Select(i => Named($"t{i:d2}", [], 0)));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        string message = MessageOf(path, () => file.ReadTensor("fc"));
        Assert.That(message, Does.Contain("no tensor 'fc'").And.Contains("'t00'").And.Contains("2 more"));
    }

    [Test]
    public void MissingFileFolderAndEmptyPathAreRefused()
    {
        Assert.That(MessageOf(At("none"), () => SafetensorsFile.Open(At("none"))), Does.Contain("found none"));
        Assert.That(MessageOf(At("no/file"), () => SafetensorsFile.Open(At("no/file"))), Does.Contain("found none"));
        Assert.That(MessageOf(Folder, () => SafetensorsFile.Open(Folder)), Does.Contain("is a folder"));
        Assert.That(MessageOf("''", () => SafetensorsFile.Open("")), Does.Contain("cannot be read"));
    }

    [Test]
    public void WriterRefusesUnreadableInput()
    {
        string path = At("refused.safetensors");
        Assert.That(() => SafetensorsFile.Write(path, [Named("a", [1], 1), Named("a", [1], 2)]), Throws.ArgumentException);
        Assert.That(() => SafetensorsFile.Write(path, [Named("__metadata__", [1], 1)]), Throws.ArgumentException);
        Assert.That(() => SafetensorsFile.Write(path, [Named("\ud800", [1], 1)]), Throws.ArgumentException);
        Assert.That(() => SafetensorsFile.Write(path, [], new Dictionary<string, string> { ["k"] = "\udc00" }), Throws.ArgumentException);
        Assert.That(Directory.GetFiles(Folder), Is.Empty);
    }

    private static uint[] Bits(Tensor tensor) => [.. tensor.Values.Select(BitConverter.SingleToUInt32Bits)];

    private static string Vectors() => Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Vectors");

    private sealed class CountingStream : Stream
    {
        private long _length;

        public byte[] First { get; private set; } = [];

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (_length == 0) First = buffer.ToArray();
            _length += buffer.Length;
        }
    }
}
