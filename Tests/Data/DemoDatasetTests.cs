using System.Security.Cryptography;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class DemoDatasetTests
{
    [Test]
    public void EqualSeedsGiveEqualBytes()
    {
        using TemporaryFolder folder = new();
        DemoDataset.Write(folder["a"], 3, 5, 2);
        DemoDataset.Write(folder["b"], 3, 5, 2);
        DemoDataset.Write(folder["c"], 4, 5, 2);
        Assert.That(Contents(folder["b"]), Is.EqualTo(Contents(folder["a"])));
        Assert.That(Contents(folder["c"]).Select(c => c.Hash).Intersect(Contents(folder["a"]).Select(c => c.Hash)), Is.Empty);
        LocatedDataset data = DatasetLocator.Open(folder["a"]);
        Assert.That(data.Classes, Is.EqualTo(new[] { "bus", "car", "flower", "monument" }).And.EqualTo(DemoDataset.Classes));
        Assert.That(data.Train.CountPerClass(), Is.All.EqualTo(5));
        Assert.That(data.Validation!.CountPerClass(), Is.All.EqualTo(2));
        Assert.That(data.Description, Does.Contain("64x64 RGB").And.Not.Contain(";"));
        Assert.That(Contents(folder["a"]).Select(c => c.Hash), Is.Unique);
    }

    /// <summary>Drawn on x64 Linux. Every machine draws the same, because no function of a math library is used.</summary>
    [Test]
    public void PixelsNeverChange()
    {
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int label = 0; label < DemoDataset.Classes.Count; label++)
            for (int number = 0; number < 8; number++)
                sha.AppendData(DemoDataset.Draw(label, seed: 1, split: 0, number).Pixels);
        Assert.That(Convert.ToHexStringLower(sha.GetHashAndReset()),
            Is.EqualTo("830fd299232d7618fb0e4781e2c2f9e1c5691cd3a6af1c14a201d042adaa18ff"));
    }

    [Test]
    public void OnlyADemoDataSetIsReplaced()
    {
        using TemporaryFolder folder = new();
        folder.Add([1], "mine", "thesis.txt");
        OneLine.Thrown(() => DemoDataset.Write(folder["mine"], 1, 1, 1), "mine", "thesis.txt", "choose another folder");
        OneLine.Thrown(() => DemoDataset.Write(folder["mine", "thesis.txt"], 1, 1, 1), "got a file");
        Directory.CreateDirectory(folder["looks", "train"]);
        OneLine.Thrown(() => DemoDataset.Write(folder["looks"], 1, 1, 1), "looks", "demo-data-set.txt");
        Directory.CreateDirectory(folder["empty"]);
        DemoDataset.Write(folder["empty"] + Path.DirectorySeparatorChar, 1, 1, 1);
        Assert.That(DemoDataset.IsComplete(folder["empty"], 1, 1, 1), Is.True);
        Assert.That(DemoDataset.IsComplete(folder["empty"], 2, 1, 1), Is.False);
        Assert.That(DemoDataset.IsComplete(folder["mine"], 1, 1, 1), Is.False);
        DemoDataset.Write(folder["empty"], 2, 2, 1);
        Assert.That(DemoDataset.IsComplete(folder["empty"], 2, 2, 1), Is.True);
        folder.Add([1], "empty", "notes.txt");
        OneLine.Thrown(() => DemoDataset.Write(folder["empty"], 2, 1, 1), "notes.txt");
        Assert.That(Directory.GetDirectories(folder.Path).Select(Path.GetFileName), Is.EquivalentTo(new[] { "mine", "looks", "empty" }));
    }

    private static (string Name, string Hash)[] Contents(string folder) =>
    [
        .. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Where(file => file.EndsWith(".png", StringComparison.Ordinal))
            .Select(file => (Path.GetRelativePath(folder, file), Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))))),
    ];

    [Test]
    public void SeveralAtOnceDrawItOnce()
    {
        using var folder = new TemporaryFolder();
        // What a killed one left.
        folder.Add([1], "demo.tmp", "new", "train", "bus", "0000.png");
        Parallel.For(0, 6, new() { MaxDegreeOfParallelism = 6 }, _ => DemoDataset.Ensure(folder["demo"], 1, 5, 2));
        Assert.That(Directory.GetFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry)), Is.EqualTo(new[] { "demo" }));
        Assert.That(Directory.GetFiles(folder["demo"], "*.png", SearchOption.AllDirectories), Has.Length.EqualTo(4 * 7));
    }

    [Test]
    public void StoppedItLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        Assert.Catch<OperationCanceledException>(() => DemoDataset.Ensure(folder["demo"], 1, 2000, 2, stop.Token));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }
}
