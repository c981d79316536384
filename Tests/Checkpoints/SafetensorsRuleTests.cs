using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints;

/// <summary>Checks each rule of the format, kept and broken.</summary>
public sealed class SafetensorsRuleTests : CheckpointFixture
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    private static readonly TestCaseData[] Broken =
    [
        Case("not an object", """ {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "begins with '{'"),
        Case("an array", "[]", 0, "begins with '{'"),
        Case("cut JSON", """{"a":{"dtype":"F32","shape":[2],"data_off""", 8, "in JSON"),
        Case("a comment", """{/*x*/"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "in JSON"),
        Case("a trailing comma", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""", 8, "in JSON"),
        Case("half a character", """{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "not text"),
        Case("half a character as dtype", """{"a":{"dtype":"\udc00","shape":[2],"data_offsets":[0,8]}}""", 8, "not text"),
        Case("padded with newline", Good + "\n", 8, "nothing but spaces"),
        Case("padded with zero", Good + "\0", 8, "JSON"),
        Case("two objects", Good + " {}", 8, "JSON"),
        Case("deep nesting", """{"a":{"x":""" + new string('[', 100), 0, "in JSON"),
        Case(
            "duplicate tensor",
            """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""",
            2, "two named 'a'"),
        Case("duplicate dtype", """{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "twice"),
        Case("duplicate shape", """{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}""", 1, "twice"),
        Case("duplicate range", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"data_offsets":[0,1]}}""", 1, "twice"),
        Case("duplicate metadata", """{"__metadata__":{},"__metadata__":{}}""", 0, "one __metadata__"),
        Case("duplicate metadata key", """{"__metadata__":{"k":"1","k":"2"}}""", 0, "two named 'k'"),
        Case("metadata not an object", """{"__metadata__":"x"}""", 0, "object of strings"),
        Case("metadata number", """{"__metadata__":{"k":1}}""", 0, "a string as __metadata__ entry 'k'"),
        Case("metadata object", """{"__metadata__":{"k":{}}}""", 0, "a string as __metadata__ entry 'k'"),
        Case("metadata null", """{"__metadata__":{"k":null}}""", 0, "a string as __metadata__ entry 'k'"),
        Case("tensor not an object", """{"a":3}""", 0, "an object that describes tensor 'a'"),
        Case("unknown dtype", """{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""", 8, "'F31'"),
        Case("dtype in lower case", """{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}""", 8, "'f32'"),
        Case("dtype not a string", """{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", 8, "a string as dtype"),
        Case("no dtype", """{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "not all of them"),
        Case("no shape", """{"a":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "not all of them"),
        Case("no range", """{"a":{"dtype":"F32","shape":[2]}}""", 8, "not all of them"),
        Case("shape not an array", """{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "an array of integers"),
        Case("negative dimension", """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "integers of 0 or more"),
        Case("negative zero", """{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}""", 0, "integers of 0 or more"),
        Case("fraction", """{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""", 8, "integers of 0 or more"),
        Case("exponent", """{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}""", 8, "integers of 0 or more"),
        Case("dimension as text", """{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "integers of 0 or more"),
        Case("dimension over 64 bits", """{"a":{"dtype":"U8","shape":[18446744073709551617],"data_offsets":[0,1]}}""", 1, "integers"),
        Case("dimension over 63 bits", """{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}""", 1, "integers"),
        Case("element count wraps", """{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "to fit a file"),
        Case("byte count wraps", """{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}""", 0, "to fit a file"),
        Case("rank 65", $$"""{"a":{"dtype":"U8","shape":[{{Ones(65)}}],"data_offsets":[0,1]} }""", 1, "at most 64"),
        Case("range smaller than shape", """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "12 bytes"),
        Case("range larger than shape", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""", 8, "4 bytes"),
        Case("half a byte", """{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}""", 1, "1.5 bytes"),
        Case("range backwards", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "[begin, end]"),
        Case("one offset", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}}""", 8, "[begin, end]"),
        Case("three offsets", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "at most 2"),
        Case("range past the end", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "8 bytes of data"),
        Case("trailing bytes", Good, 9, "8 bytes of data"),
        Case("data of no tensor", "{}", 1, "0 bytes of data"),
        Case("hole at the start", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "leave a hole"),
        Case("hole", Two("[0,1]", "[2,3]"), 3, "leave a hole"),
        Case("overlap", Two("[0,2]", "[1,2]"), 2, "overlap"),
        Case("same range", Two("[0,1]", "[0,1]"), 1, "overlap"),
        Case("empty range inside another", Two("[0,4]", "[2,2]"), 4, "overlap"),
    ];

    [TestCaseSource(nameof(Broken))]
    public void ABrokenRuleIsNamed(string what, string header, int dataBytes, string expected)
    {
        string path = FileOf(Bytes(header, dataBytes));
        Assert.That(MessageOf(path, () => ReadAll(path)), Does.Contain(expected), what);
    }

    [TestCase(Good, 8)]
    [TestCase(Good + "   ", 8)]
    [TestCase("{}", 0)]
    [TestCase("""{"__metadata__":{}}""", 0)]
    [TestCase("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""", 4)]
    [TestCase("""{"a":{"dtype":"F32","shape":[0,4000000000],"data_offsets":[0,0]}}""", 0)]
    [TestCase("""{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}""", 2)]
    [TestCase("""{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 2)]
    [TestCase("{\n\t\"a\" : {\"data_offsets\":[0,8],\"shape\":[2],\"later\":{\"x\":[1]},\"dtype\":\"F32\"}}", 8)]
    public void ValidFilesAreListed(string header, int dataBytes)
    {
        using SafetensorsFile file = SafetensorsFile.Open(FileOf(Bytes(header, dataBytes)));
        Assert.That(file.Entries.Sum(e => e.ByteCount), Is.EqualTo(dataBytes));
    }

    [Test]
    public void BytesThatAreNotUtf8AreRefused()
    {
        byte[] bytes = Bytes(Good, 8);
        bytes[10] = 0xFF;
        string path = FileOf(bytes);
        Assert.That(MessageOf(path, () => ReadAll(path)), Does.Contain("UTF-8"));
    }

    [TestCase(0)]
    [TestCase(7)]
    public void AFileWithoutRoomForALengthIsRefused(int length)
    {
        string path = FileOf(new byte[length]);
        Assert.That(MessageOf(path, () => ReadAll(path)), Does.Contain("at least 8 bytes"));
    }

    [Test]
    public void AMessageShowsHostileTextOnOneShortLine()
    {
        string name = "line\\nbreak\\u001b[31m\\u2028" + new string('x', 100_000);
        string path = FileOf(Bytes($$"""{"{{name}}":3}"""));
        string message = MessageOf(path, () => ReadAll(path));
        Assert.That(message, Does.Contain(@"'line\u000abreak\u001b[31m\u2028xxx"));
        Assert.That(message, Has.Length.LessThan(500));
    }

    [Test]
    public void EveryElementTypeHasItsSize()
    {
        (string Type, int Bits)[] types =
        [
            ("BOOL", 8), ("U8", 8), ("I8", 8), ("F8_E4M3", 8), ("F8_E5M2", 8), ("F8_E8M0", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6),
            ("U16", 16), ("I16", 16), ("F16", 16), ("BF16", 16), ("U32", 32), ("I32", 32), ("F32", 32), ("U64", 64), ("I64", 64),
            ("F64", 64), ("C64", 64),
        ];
        foreach ((string type, int bits) in types)
        {
            string path = FileOf(Bytes($$"""{"a":{"dtype":"{{type}}","shape":[4],"data_offsets":[0,{{bits / 2}}]} }""", bits / 2));
            Assert.That(() => ReadAll(path), Throws.Nothing, type);
        }
    }

    private static TestCaseData Case(string what, string header, int dataBytes, string expected) => new(what, header, dataBytes, expected);

    private static string Ones(int count) => string.Join(',', Enumerable.Repeat(1, count));

    private static string Two(string first, string second)
    {
        static string Entry(string range)
        {
            int[] ends = [.. range.Trim('[', ']').Split(',').Select(int.Parse)];
            return $$"""{"dtype":"U8","shape":[{{ends[1] - ends[0]}}],"data_offsets":{{range}}}""";
        }
        return $$"""{"first":{{Entry(first)}},"second":{{Entry(second)}}}""";
    }
}
