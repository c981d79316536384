using GpuCnn.Runs;
using NUnit.Framework;

namespace GpuCnn.Tests.Library;

public sealed class RankDevicesTests
{
    [TestCase("a cuda:0\n-|a cuda:1\n-|b cuda:0\n-|b cuda:1\n-", 1)]
    [TestCase("a cuda:0\n-|a cuda:0\n-|a cuda:0\n-|b cuda:0\n-", 3)]
    // Each rank sees a GPU of its own, number 0 of what its launcher shows it.
    [TestCase("a cuda:0\n0|a cuda:0\n1|a cuda:0\n2", 1)]
    [TestCase("a cpu\n-|a cpu\n-", 1)]
    public void RanksOfAGpuAreCounted(string all, int most) => Assert.That(RankDevices.Of(all.Split('|')).MostOnOne, Is.EqualTo(most));

    [Test]
    public void OtherKindsAreOneLine() => OneLine.Thrown(() => RankDevices.Of(["a cuda:0\n-", "a cuda:1\n-", "b cpu\n-"]),
        "rank 0 computes on a cuda:0 and rank 2 on b cpu");
}
