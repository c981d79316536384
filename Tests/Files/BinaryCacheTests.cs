using GpuCnn.Engine.Files;
using NUnit.Framework;

namespace GpuCnn.Tests.Files;

/// <summary>Files of compiled programs; needs no device.</summary>
public sealed class BinaryCacheTests
{
    private static readonly BinaryKey Key = BinaryKey.Of("source", "options");
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("gpucnn-cache-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase(1)]
    [TestCase(100_000)]
    public void WhatIsWrittenIsRead(int length)
    {
        byte[] binary = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
        Cache().Write(Key, binary);
        Assert.That(Cache().Read(Key), Is.EqualTo(binary));
        Assert.That(Cache().Read(BinaryKey.Of("source", "other")), Is.Null);
    }

    [Test]
    public void KeysTellPartsApart()
    {
        string[] keys =
        [
            BinaryKey.Of("ab", "c").Hex, BinaryKey.Of("a", "bc").Hex, BinaryKey.Of("abc").Hex, BinaryKey.Of("abc", "").Hex,
            BinaryKey.Of("ab", "c").Hex,
        ];
        Assert.That(keys.Distinct().Count(), Is.EqualTo(4));
    }

    /// <summary>SHA-256 of the lengths and the texts (Python's hashlib): the next process computes the same.</summary>
    [Test]
    public void AKeyIsTheSameInEachProcess() =>
        Assert.That(Key.Hex, Is.EqualTo("d078a4d23203af8a53539a41e165686b88f422ebc4408a7924fec1f74cd04f5c"));

    [Test]
    public void EveryFlippedByteIsNoticed()
    {
        Cache().Write(Key, [1, 2, 3, 4, 5]);
        string path = Cache().PathOf(Key);
        byte[] whole = File.ReadAllBytes(path);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Assert.That(Cache().Read(Key), Is.Null, $"byte {i}");
        }
    }

    [Test]
    public void EveryLengthButItsOwnIsNoticed()
    {
        Cache().Write(Key, [1, 2, 3, 4, 5]);
        string path = Cache().PathOf(Key);
        byte[] whole = File.ReadAllBytes(path);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.That(Cache().Read(Key), Is.Null, $"{length} bytes");
        }
        File.WriteAllBytes(path, [.. whole, 0]);
        Assert.That(Cache().Read(Key), Is.Null, "one byte more");
        Cache().Write(Key, [9]);
        Assert.That(Cache().Read(Key), Is.EqualTo([9]), "damaged files are replaced");
    }

    [Test]
    public void AnotherKeysFileIsNotTaken()
    {
        BinaryKey other = BinaryKey.Of("other");
        Cache().Write(other, [1]);
        File.Move(Cache().PathOf(other), Cache().PathOf(Key));
        Assert.That(Cache().Read(Key), Is.Null);
    }

    [Test]
    public void AFolderThatCannotBeWrittenCostsTimeOnly()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var cache = new BinaryCache(Path.Combine(file, "below"));
        cache.Write(Key, [1]);
        Assert.That(cache.Read(Key), Is.Null);
        Assert.That(cache.Problem, Is.Not.Empty);
    }

    [Test]
    public void AFolderInTheWayCostsTimeOnly()
    {
        BinaryCache cache = Cache();
        Directory.CreateDirectory(cache.PathOf(Key));
        cache.Write(Key, [1]);
        Assert.That(cache.Read(Key), Is.Null);
        Assert.That(cache.Problem, Does.Contain("cannot be written"));
    }

    [Test]
    public void WithoutAFolderNothingIsKept()
    {
        var cache = new BinaryCache(null);
        cache.Write(Key, [1]);
        Assert.That(cache.Read(Key), Is.Null);
    }

    [Test]
    public void TheFolderIsTheUsersOwn()
    {
        if (OperatingSystem.IsWindows()) Assert.Ignore("Modes of files are Unix's.");
        var cache = new BinaryCache(Path.Combine(_folder, "a", "b"));
        cache.Write(Key, [1]);
        if (!OperatingSystem.IsWindows())
            Assert.That(File.GetUnixFileMode(cache.Folder!),
                Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
    }

    [Test]
    public void WritersOfOneFileDoNotDisturbEachOther()
    {
        byte[] binary = [.. Enumerable.Range(0, 10_000).Select(i => (byte)i)];
        Cache().Write(Key, binary);
        Parallel.For(0, 20, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            if (i % 2 == 0) Cache().Write(Key, binary);
            Assert.That(Cache().Read(Key), Is.EqualTo(binary));
        });
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void TheUserChoosesTheFolder()
    {
        static string? Folder(params (string Name, string Value)[] variables) =>
            BinaryCache.DefaultFolder("opencl", name => variables.FirstOrDefault(variable => variable.Name == name).Value);
        string root = Path.GetFullPath("/x");
        Assert.Multiple(() =>
        {
            Assert.That(Folder(("GPUCNN_CACHE", root), ("XDG_CACHE_HOME", "/y"), ("HOME", "/z")), Is.EqualTo(Path.Combine(root, "opencl")));
            Assert.That(Folder(("XDG_CACHE_HOME", root), ("HOME", "/z")), Is.EqualTo(Path.Combine(root, "gpucnn", "opencl")));
            if (OperatingSystem.IsLinux())
            {
                Assert.That(Folder(("XDG_CACHE_HOME", "relative"), ("HOME", "/z")), Is.EqualTo("/z/.cache/gpucnn/opencl"));
                Assert.That(Folder(), Is.Null);
            }
        });
    }

    private BinaryCache Cache() => new(_folder);
}
