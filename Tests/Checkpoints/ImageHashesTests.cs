using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints;

/// <summary>The list of images that a run used.</summary>
public sealed class ImageHashesTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(1000)]
    [TestCase(ImageHashes.Most)]
    public void TextKeepsEveryHashInEightCharacters(int count)
    {
        ulong[] hashes = Random(count);
        string text = ImageHashes.Of(count + 5L, hashes).ToString();
        Assert.That(text, Does.StartWith($"{count + 5}:").And.Length.EqualTo($"{count + 5}:".Length + 8 * count));
        ImageHashes read = ImageHashes.TryParse(text)!;
        Assert.That((read.Count, read.Listed, read.IsComplete), Is.EqualTo((count + 5L, count, false)));
        Assert.That(read.ToString(), Is.EqualTo(text));
        Assert.That(read.IndicesOf(Nullable(hashes)), Is.EqualTo(Enumerable.Range(0, count)));
        Assert.That(read.IndicesOf(Nullable(Random(count, seed: 2))), Is.Empty);
    }

    [TestCase("")]
    [TestCase("5")]
    [TestCase(":")]
    [TestCase("-1:")]
    [TestCase("1:AAAA", Description = "half an image")]
    [TestCase("1:AAAAAAAAAAAAAAAA", Description = "two of one image")]
    [TestCase("2:AAAAAAABAAAAAAAA", Description = "descending")]
    [TestCase("2:AAAA AAAA?")]
    [TestCase("1e3:AAAAAAAA")]
    public void OtherTextIsNone(string text) => Assert.That(ImageHashes.TryParse(text), Is.Null);

    [Test]
    public void MoreThanTheLimitIsNone() =>
        Assert.That(ImageHashes.TryParse($"{ImageHashes.Most + 1}:" + new string('A', 8 * (ImageHashes.Most + 1))), Is.Null);

    /// <summary>Copies of an image among the training images are not taken for validation images.</summary>
    [Test]
    public void EqualImagesAreFoundAsOftenAsTheyWereUsed()
    {
        ulong a = 1UL << 40, b = 2UL << 40, c = 3UL << 40;
        ImageHashes used = ImageHashes.Of(3, [b, a, a]);
        Assert.That(used.IndicesOf([c, a, null, b, a, a, b]), Is.EqualTo(new[] { 1, 3, 4 }));
        Assert.That(used.IndicesOf([c, a, null]), Is.EqualTo(new[] { 1 }));
        Assert.That(used.ShareOf([c, a, null, b]), Is.EqualTo(0.5));
    }

    [Test]
    public void AShareIsEstimatedFromAPart()
    {
        ulong[] all = Random(100_000);
        ImageHashes part = ImageHashes.Of(all.Length, all.Where((_, i) => i % 50 == 0));
        Assert.That(part.IsComplete, Is.False);
        Assert.That(part.ShareOf(Nullable(all)), Is.EqualTo(1));
        // A quarter of them, among as many others.
        ulong?[] mixed = [.. Nullable(all[..25_000]), .. Nullable(Random(25_000, seed: 3))];
        Assert.That(part.ShareOf(mixed), Is.EqualTo(0.5).Within(0.01));
        Assert.That(part.ShareOf(Nullable(Random(1000, seed: 3))), Is.Zero);
        Assert.That(part.ShareOf(ImageHashes.Of(50_000, [.. all[..25_000], .. Random(25_000, seed: 3)])), Is.EqualTo(0.5).Within(0.01));
    }

    private static ulong[] Random(int count, int seed = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
    }

    private static ulong?[] Nullable(ulong[] hashes) => [.. hashes.Select(hash => (ulong?)hash)];
}
