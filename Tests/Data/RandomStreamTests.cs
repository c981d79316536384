using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class RandomStreamTests
{
    /// <summary>
    /// A run resumed with another version must see the same order, so these bits are permanent. They were also computed in Python.
    /// </summary>
    [Test]
    public void BitsNeverChange()
    {
        RandomStream random = new(1, 2, 3);
        Assert.That(new[] { random.NextUInt64(), random.NextUInt64() }, Is.EqualTo(new[] { 11136419125502819054ul, 521881174864850486ul }));
    }

    [Test]
    public void EverySeedStreamAndIndexDiffers()
    {
        HashSet<ulong> seen = [];
        for (ulong seed = 0; seed < 20; seed++)
            for (ulong stream = 0; stream < 20; stream++)
                for (ulong index = 0; index < 20; index++)
                    Assert.That(seen.Add(new RandomStream(seed, stream, index).NextUInt64()), Is.True);
    }

    [Test]
    public void NumbersAreUniform()
    {
        RandomStream random = new(9, 9, 9);
        int[] counts = new int[10];
        for (int i = 0; i < 100_000; i++) counts[random.NextInt(10)]++;
        // The standard deviation of a count is 95.
        Assert.That(counts, Is.All.EqualTo(10_000).Within(500));
        double sum = 0;
        for (int i = 0; i < 100_000; i++) sum += random.NextDouble(-1, 3);
        Assert.That(sum / 100_000, Is.EqualTo(1).Within(0.02));
    }

    [Test]
    public void ShuffleReachesEveryOrder()
    {
        HashSet<string> orders = [];
        for (ulong i = 0; i < 400; i++)
        {
            int[] values = [0, 1, 2, 3];
            new RandomStream(0, 0, i).Shuffle(values);
            Assert.That(values, Is.EquivalentTo(new[] { 0, 1, 2, 3 }));
            orders.Add(string.Concat(values));
        }
        Assert.That(orders, Has.Count.EqualTo(24));
    }
}
