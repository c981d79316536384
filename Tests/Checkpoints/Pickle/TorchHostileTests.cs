using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints.Pickle;

/// <summary>
/// Malicious pickles and archives are refused in one line that names the problem. Nothing is run, and no memory is allocated for claimed
/// sizes.
/// </summary>
public sealed class TorchHostileTests : CheckpointFixture
{
    private const long Little = 1 << 20;

    [TestCase("os\nsystem\n", "'os.system'")]
    [TestCase("posix\nsystem\n", "'posix.system'")]
    [TestCase("builtins\neval\n", "'builtins.eval'")]
    [TestCase("torch\nload\n", "'torch.load'")]
    [TestCase("torch._utils\n_rebuild_tensor_v2.__globals__\n", "__globals__")]
    [TestCase("a\u0007\u001b[2J\nb\n", @"\u0007", TestName = "{m}(control characters)")]
    public void CodeIsNamedAndNotRun(string global, string named)
    {
        string marker = At("ran"), path = Archive(Concat("c", global, "X", Int(marker.Length + 6), $"touch {marker}", "\x85R."));
        string message = MessageOf(path, () => StateDict.Open(path));
        Assert.That(message, Does.Contain(named).And.Contain("it was not run").And.Contain("state_dict()"));
        Assert.That(File.Exists(marker), Is.False);
    }

    /// <summary>Objects are never made, whatever a pickle does with them; weights beside them are read.</summary>
    [TestCase("cos\nsystem\nX\u0004\0\0\0exit\u0085R", TestName = "A function's result")]
    [TestCase("cos\nsystem\n)\u0081}b", TestName = "An object with a state")]
    [TestCase("cos\nsystem\n)\u0081(K\u0001K\u0002e(K\u0001K\u0002uK\u0001a)R", TestName = "Items of an object")]
    [TestCase("cbuiltins\ngetattr\n(cos\nX\nX\u0006\0\0\0systemtRX\u0002\0\0\0id\u0085R", TestName = "A result's call")]
    public void ObjectsBesideTheWeightsAreNotMade(string value)
    {
        string weights = Encoding.Latin1.GetString(TensorPickle(2, 0, "2", "1"))[..^1];
        using StateDict dict = StateDict.Open(Archive(Concat("}X", Int(1), "x", value, "sX", Int(1), "w", weights, "s.")));
        Assert.That(dict.Tensors["a"].Read().Values, Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(dict.Strangers, Is.Not.Empty);
    }

    [TestCase("i__main__\nx\n.", "0x69", TestName = "Instances")]
    [TestCase("\u0082\u0001.", "0x82", TestName = "Extensions")]
    [TestCase("P1\n.", "0x50", TestName = "Persistent ids as text")]
    [TestCase("Ctext.", "0x43", TestName = "Operations of later protocols")]
    public void OtherOperationsAreRefused(string pickle, string named) => Assert.That(Refusal(Concat(pickle)), Does.Contain(named));

    [TestCase(".", "a value on the pickle's stack")]
    [TestCase("t.", "a mark")]
    [TestCase("(0.", "a value on the pickle's stack")]
    [TestCase("N(\u0085.", "a value on the pickle's stack")]
    [TestCase("h\u0005.", "a value in the memo", TestName = "{m}(an empty memo)")]
    [TestCase("NNs.", "a value on the pickle's stack")]
    [TestCase("NNNs.", "a dict and pairs")]
    [TestCase("}(Nu.", "a dict and pairs")]
    [TestCase("NNa.", "a list to append to")]
    [TestCase("NNR.", "calls of known functions")]
    [TestCase("NQ.", "storages of a known type")]
    [TestCase("N}b.", "OrderedDict")]
    [TestCase("\u008a\u0009123456789.", "an object of 'int'", TestName = "{m}(a long number)")]
    [TestCase("\u008b\u0009\0\0\0123456789.", "an object of 'int'", TestName = "{m}(a longer number)")]
    [TestCase("\u008b\u00ff\u00ff\u00ff\u00ff.", "a negative length", TestName = "{m}(a negative length)")]
    [TestCase("\u008b\u00ff\u00ff\u00ff\u007f.", "2147483647 bytes", TestName = "{m}(a length past the end)")]
    [TestCase("K\u0001.", "a state dict", TestName = "{m}(a number alone)")]
    [TestCase("}.", "tensors by name")]
    [TestCase("}", "1 bytes at byte")]
    public void MalformedPicklesAreRefused(string pickle, string expected) => Assert.That(Refusal(Concat(pickle)), Does.Contain(expected));

    [Test]
    public void LaterProtocolsAreNamed()
    {
        string path = Archive([0x80, 4, .. "N."u8]);
        Assert.That(MessageOf(path, () => StateDict.Open(path)), Does.Contain("protocol 4; expected 2"));
    }

    /// <summary>Sizes, strides and counts that do not fit a storage of two floats.</summary>
    [TestCase(1L << 60, 0L, "2", "1", "values", TestName = "A storage larger than the file")]
    [TestCase(-1L, 0L, "2", "1", "storages of a known type", TestName = "A storage of negative size")]
    [TestCase(2L, 0L, "1000000000", "0", "more often than in 16777216 values", TestName = "A view that repeats one value too often")]
    [TestCase(2L, 0L, "4097,4096", "1,0", "goes beyond its storage", TestName = "A view that repeats columns beyond")]
    [TestCase(2L, 0L, "2,8388609", "1,0", "more often than in 16777216 values", TestName = "A view that repeats columns too often")]
    [TestCase(2L, 0L, "1099511627776,1099511627776,1099511627776", "1,1,1", "larger than an array", TestName = "A product that overflows")]
    [TestCase(2L, 0L, "65536,65536,65536,65536", "0,0,0,0", "more often than in 16777216 values",
        TestName = "A product that overflows to 0")]
    [TestCase(2L, 1L, "2", "1", "goes beyond its storage", TestName = "An offset too far")]
    [TestCase(2L, 0L, "2", "2", "goes beyond its storage", TestName = "A stride too long")]
    [TestCase(2L, 0L, "2", "9223372036854775807", "goes beyond its storage", TestName = "A stride that overflows")]
    [TestCase(2L, 9223372036854775807L, "2", "1", "goes beyond its storage", TestName = "An offset that overflows")]
    [TestCase(2L, -1L, "2", "1", "negative", TestName = "A negative offset")]
    [TestCase(2L, 1L, "2", "-1", "negative", TestName = "A negative stride")]
    [TestCase(2L, 0L, "-2", "1", "negative", TestName = "A negative size")]
    [TestCase(2L, 0L, "2", "1,1", "1 sizes and 2 strides", TestName = "Strides without sizes")]
    [TestCase(3L, 0L, "2", "1", "3 values of F32", TestName = "A storage larger than its file")]
    public void TensorsStayWithinTheirStorage(long count, long offset, string size, string stride, string expected) =>
        Assert.That(Refusal(TensorPickle(count, offset, size, stride)), Does.Contain(expected));

    [Test]
    public void ValidTensorIsRead()
    {
        using StateDict dict = StateDict.Open(Archive(TensorPickle(2, 0, "2", "1")));
        Assert.That(dict.Tensors["a"].Read().Values, Is.EqualTo(new float[] { 1, 2 }));
    }

    [Test]
    public void NestedSharedListsAreNotExpanded()
    {
        // Each list holds the previous one twice: 2^200 values if expanded.
        var pickle = new StringBuilder("]q\0");
        for (int i = 0; i < 200; i++) pickle.Append($"](h{(char)i}h{(char)i}eq{(char)(i + 1)}");
        Assert.That(Refusal(Concat(pickle.ToString(), ".")), Does.Contain("a state dict"));
    }

    [TestCase("(", 400_000)]
    [TestCase("]", 400_000)]
    [TestCase("\u0085", 400_000)]
    [TestCase("N", 1_500_000)]
    public void DepthAndLengthAreLimited(string operation, int times)
    {
        // Deeper than a call stack could go.
        string path = Archive(Concat("N", string.Concat(Enumerable.Repeat(operation, times)), "."));
        MessageOf(path, () => StateDict.Open(path));
    }

    [TestCase("X", 0x7fffffff)]
    [TestCase("X", -1)]
    [TestCase("X", 1 << 20)]
    [TestCase("T", 0x7fffffff)]
    public void LongStringsAllocateNothing(string operation, int length) => Refusal(Concat(operation, Int(length), "text."));

    [Test]
    public void EveryPrefixIsRefused([Values("module", "module-old")] string name)
    {
        byte[] whole = Vector(name);
        for (int length = 0; length < whole.Length; length += 1 + length / 100)
        {
            string path = FileOf(whole[..length]);
            MessageOf(path, () => ReadAllTensors(path));
        }
    }

    [Test]
    public void FlippedBitsThrowOnlyGpuCnnException([Values("views", "views-old")] string name)
    {
        byte[] whole = Vector(name);
        var random = new Random(20240502);
        for (int i = 0; i < 4000; i++)
        {
            byte[] damaged = [.. whole];
            for (int flips = random.Next(1, 4); flips > 0; flips--) damaged[random.Next(whole.Length)] ^= (byte)(1 << random.Next(8));
            string path = FileOf(damaged);
            try
            {
                ReadAllTensors(path);
            }
            catch (GpuCnnException e)
            {
                Assert.That(e.Message, Does.Not.Contain("\n"));
            }
        }
    }

    [Test]
    public void ChangedNumbersFailTheirChecksum()
    {
        byte[] bytes = File.ReadAllBytes(Archive(TensorPickle(2, 0, "2", "1")));
        bytes[bytes.AsSpan().IndexOf(Floats) + 2] ^= 1;
        string path = FileOf(bytes);
        using StateDict dict = StateDict.Open(path);
        Assert.That(MessageOf(path, () => dict.Tensors["a"].Read()), Does.Contain("checksum of 'archive/data/0'"));
    }

    /// <summary>An archive of 64 KB that inflates to 64 MB: a view's own numbers are all that is kept.</summary>
    [Test]
    public void DeflatedNumbersTakeNoMoreMemoryThanTheirTensor()
    {
        string path = Archive(TensorPickle(1 << 24, 1 << 23, "2", "1"), new byte[1 << 26], CompressionLevel.SmallestSize);
        Assert.That(new FileInfo(path).Length, Is.LessThan(Little));
        using (StateDict warm = StateDict.Open(path)) _ = warm.Tensors["a"].Read();
        long before = GC.GetAllocatedBytesForCurrentThread();
        using StateDict dict = StateDict.Open(path);
        Assert.That(dict.Tensors["a"].Read().Values, Is.EqualTo(new float[2]));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(Little));
    }

    [Test]
    public void DeflatedPicklesAreLimited() =>
        Assert.That(
            Refused(Archive(new byte[(1 << 26) + 1], level: CompressionLevel.SmallestSize)), Does.Contain("67108864 bytes"));

    [Test]
    public void DamagedDeflatedNumbersAreRefused()
    {
        byte[] numbers = [.. Enumerable.Range(0, 4000).Select(i => (byte)(i * i >> 5))];
        byte[] whole = File.ReadAllBytes(Archive(TensorPickle(1000, 0, "1000", "1"), numbers, CompressionLevel.SmallestSize));
        int data = whole.AsSpan().IndexOf("archive/data/0"u8) + 14, end = whole.AsSpan().IndexOf("PK\x01\x02"u8);
        int refused = 0, changed = 0;
        for (int at = data; at < end; at += 37, changed++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x10;
            using StateDict dict = StateDict.Open(FileOf(damaged));
            try
            {
                // Some bits of a deflated file mean nothing.
                float[] read = dict.Tensors["a"].Read().Values;
                Assert.That(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(read).ToArray(), Is.EqualTo(numbers));
            }
            catch (GpuCnnException e)
            {
                refused++;
                Assert.That(e.Message, Does.Contain("archive/data/0").And.Not.Contain("\n"));
            }
        }
        Assert.That(refused, Is.GreaterThan(changed * 3 / 4));
    }

    [Test]
    public void ADeflatedFileCannotClaimMoreThanDeflateCanHold()
    {
        byte[] bytes = File.ReadAllBytes(Archive(TensorPickle(2, 0, "2", "1"), level: CompressionLevel.SmallestSize));
        int at = bytes.AsSpan().LastIndexOf("PK\x01\x02"u8);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 24), 1 << 30);
        Assert.That(Refused(FileOf(bytes)), Does.Contain("for each deflated byte"));
    }

    /// <summary>The negative bit of PyTorch 2: the seventh argument's "neg".</summary>
    [TestCase("}X\u0003\0\0\0neg\u0088s", -1, TestName = "{m}(negative)")]
    [TestCase("}X\u0003\0\0\0neg\u0089s", 1, TestName = "{m}(not negative)")]
    [TestCase("}X\u0004\0\0\0conj\u0088s", 1, TestName = "{m}(conjugate)")]
    [TestCase("}X\u0004\0\0\0conj\u0089sX\u0003\0\0\0neg\u0088s", -1, TestName = "{m}(both)")]
    [TestCase("N", 1)]
    public void NegatedTensorsChangeTheirSign(string metadata, float sign)
    {
        string pickle = Encoding.Latin1.GetString(TensorPickle(2, 0, "2", "1"));
        int end = pickle.LastIndexOf("tRs.", StringComparison.Ordinal);
        using StateDict dict = StateDict.Open(Archive(Concat(pickle[..end], metadata, pickle[end..])));
        Assert.That(dict.Tensors["a"].Read().Values, Is.EqualTo(new[] { sign, 2 * sign }));
    }

    /// <summary>
    /// Work that grows with the square of the file if a list of the memo is handed to many calls, or a dict put into many.
    /// </summary>
    [Test]
    [CancelAfter(10_000)]
    public void SharedValuesAreNotReadAgainForEachUse()
    {
        string pairs = string.Concat(Enumerable.Repeat("](K\u0001K\u0002ea", 30_000));
        string calls = string.Concat(Enumerable.Repeat("ccollections\nOrderedDict\nh\u0001\u0085R", 30_000));
        string path = Archive(Concat("]q\u0001", pairs, calls, "."));
        Assert.That(MessageOf(path, () => StateDict.Open(path)), Does.Contain("calls with at most"));

        string items = string.Concat(Enumerable.Repeat("X\u0001\0\0\0kh\u0001", 100_000));
        string numbers = string.Concat(Enumerable.Repeat("X\u0001\0\0\0kK\u0001", 100_000));
        path = Archive(Concat("}q\u0001(", numbers, "u}q\u0002(", items, "u}(", items.Replace("h\u0001", "h\u0002"), "u."));
        Assert.That(MessageOf(path, () => StateDict.Open(path)), Does.Contain("tensors by name"));
    }

    [TestCase(20, "compressed")]
    [TestCase(24, "compressed")]
    public void SizesThatDisagreeAreRefused(int field, string expected) =>
        Assert.That(Refused(WithDirectory(entry => entry[field] ^= 4)), Does.Contain(expected));

    [Test]
    public void SizesBeyondTheFileAreRefused() =>
        Assert.That(Refused(WithDirectory(entry => entry[23] = entry[27] = 0x7f)), Does.Contain("before the directory"));

    [Test]
    public void OverlappingFilesAreRefused() =>
        Assert.That(Refused(WithDirectory(entry => BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(42), 0))), Does.Contain("overlap"));

    [Test]
    public void TwoFilesOfOneNameAreRefused()
    {
        string path = At("twice.pth");
        using (ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create))
            for (int i = 0; i < 2; i++) Add(zip, "archive/data.pkl", "N."u8.ToArray(), CompressionLevel.NoCompression);
        Assert.That(Refused(path), Does.Contain("two named 'archive/data.pkl'"));
    }

    private static byte[] Floats { get; } = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40];

    /// <summary>{"a": _rebuild_tensor_v2(storage "0", offset, size, stride, False, OrderedDict())}</summary>
    private static byte[] TensorPickle(long count, long offset, string size, string stride) => Concat(
        "}", "X", Int(1), "a", "ctorch._utils\n_rebuild_tensor_v2\n((X", Int(7), "storagectorch\nFloatStorage\nX", Int(1), "0X", Int(3),
        "cpu", Long(count), "tQ", Long(offset), "(", Longs(size), "t(", Longs(stride), "t\u0089ccollections\nOrderedDict\n)RtRs.");

    private string Refusal(byte[] pickle) => Refused(Archive(pickle));

    /// <summary>Returns the message, after a check that refusing takes little memory.</summary>
    private static string Refused(string path)
    {
        Assert.Catch<GpuCnnException>(() => StateDict.Open(path));
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = MessageOf(path, () => StateDict.Open(path));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(Little));
        return message;
    }

    private string Archive(byte[] pickle, byte[]? numbers = null, CompressionLevel level = CompressionLevel.NoCompression)
    {
        string path = At($"{Guid.NewGuid()}.pth");
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        Add(zip, "archive/data.pkl", pickle, level);
        Add(zip, "archive/data/0", numbers ?? Floats, level);
        return path;
    }

    private static void Add(ZipArchive zip, string name, byte[] content, CompressionLevel level)
    {
        using Stream stream = zip.CreateEntry(name, level).Open();
        stream.Write(content);
    }

    /// <summary>Makes a valid archive and changes the second entry of its directory.</summary>
    private string WithDirectory(Action<byte[]> change)
    {
        byte[] bytes = File.ReadAllBytes(Archive(TensorPickle(2, 0, "2", "1")));
        int at = bytes.AsSpan().LastIndexOf("PK\x01\x02"u8);
        byte[] entry = bytes[at..(at + 46)];
        change(entry);
        entry.CopyTo(bytes, at);
        return FileOf(bytes);
    }

    private static void ReadAllTensors(string path)
    {
        using StateDict dict = StateDict.Open(path);
        foreach (StateTensor tensor in dict.Tensors.Values) tensor.Read();
    }

    private static byte[] Vector(string name) =>
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Vectors", $"torch-{name}.pth"));

    /// <summary>Converts characters to bytes.</summary>
    private static byte[] Concat(params string[] parts) => Encoding.Latin1.GetBytes(string.Concat(parts));

    private static string Int(int value) => Encoding.Latin1.GetString(BitConverter.GetBytes(value));

    private static string Long(long value) => "\u008a\b" + Encoding.Latin1.GetString(BitConverter.GetBytes(value));

    private static string Longs(string values) => string.Concat(values.Split(',').Select(value => Long(long.Parse(value))));
}
