using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>Times of an exchange by its algorithm, from latency and rate.</summary>
public sealed class RankLinkTests
{
    /// <summary>Latency 100, overhead 10, 1 second a byte, 0.5 to add one; 120 bytes. Worked out by hand.</summary>
    [TestCase(ExchangeAlgorithm.Direct, 2, 2 * 100 + 2 * 10 + 120 + 30)]
    [TestCase(ExchangeAlgorithm.Direct, 4, 2 * 100 + 6 * 10 + 180 + 45)]
    [TestCase(ExchangeAlgorithm.Direct, 3, 2 * 100 + 4 * 10 + 160 + 40)]
    [TestCase(ExchangeAlgorithm.Ring, 2, 2 * 110 + 120 + 30)]
    [TestCase(ExchangeAlgorithm.Ring, 4, 6 * 110 + 180 + 45)]
    [TestCase(ExchangeAlgorithm.HalvingDoubling, 4, 4 * 110 + 180 + 45)]
    [TestCase(ExchangeAlgorithm.HalvingDoubling, 3, 2 * 110 + 120 + 30 + 2 * (110 + 120) + 60)]
    [TestCase(ExchangeAlgorithm.Tree, 2, 2 * (110 + 120) + 60)]
    [TestCase(ExchangeAlgorithm.Tree, 3, 4 * (110 + 120) + 120)]
    [TestCase(ExchangeAlgorithm.Tree, 8, 6 * (110 + 120) + 180)]
    public void TimesAreThoseOfTheFormulas(ExchangeAlgorithm algorithm, int ranks, double seconds) =>
        Assert.That(new RankLink(100, 1, 10, 0.5).Seconds(120, ranks, algorithm), Is.EqualTo(seconds).Within(1e-9));

    [Test]
    public void OneRankExchangesNothing([Values] ExchangeAlgorithm algorithm) =>
        Assert.That(new RankLink(100, 1, 10, 0.5).Seconds(120, 1, algorithm), Is.Zero);

    /// <summary>Sends every message of a ring, one round after another; a round ends with its slowest message.</summary>
    [TestCase(2)]
    [TestCase(5)]
    [TestCase(8)]
    public void TheRingSendsWhatItsFormulaSays(int ranks)
    {
        const int Part = 7;
        var link = new RankLink(3, 2, 1);
        // parts[rank][part]: whose values it has added so far.
        var parts = new HashSet<int>[ranks, ranks];
        for (int rank = 0; rank < ranks; rank++)
            for (int part = 0; part < ranks; part++) parts[rank, part] = [rank];
        double seconds = 0;
        for (int round = 0; round < 2 * (ranks - 1); round++)
        {
            var sent = Enumerable.Range(0, ranks).Select(rank => (rank, part: (rank - round + 2 * ranks) % ranks))
                .Select(send => (send.rank, send.part, values: parts[send.rank, send.part].ToArray())).ToArray();
            foreach ((int rank, int part, int[] values) in sent) parts[(rank + 1) % ranks, part].UnionWith(values);
            seconds += link.Latency + link.MessageSeconds + Part / link.BytesPerSecond;
        }
        foreach (HashSet<int> part in parts) Assert.That(part, Has.Count.EqualTo(ranks));
        Assert.That(link.Seconds(Part * ranks, ranks, ExchangeAlgorithm.Ring), Is.EqualTo(seconds).Within(1e-9));
    }

    [Test]
    public void NetworksAreGivenInGigabits()
    {
        RankLink link = RankLink.Network(100, 5e-6, 1e-6, share: 0.8);
        Assert.That(link, Is.EqualTo(new RankLink(5e-6, 10e9, 1e-6)));
        Assert.That(link.Shared(8).BytesPerSecond, Is.EqualTo(1.25e9));
    }

    /// <summary>
    /// 4 ranks of each of 2 hosts: 3/4 of the bytes twice within, then a quarter at a quarter of the rate, half of it twice.
    /// </summary>
    [Test]
    public void TwoLevelsShareTheNetwork()
    {
        RankLink inside = new(1, 100), network = new(10, 4);
        Assert.That(inside.TwoLevelSeconds(800, 2, 4, network),
            Is.EqualTo(2 + 2 * 600 / 100.0 + 20 + 2 * 100 / 1.0).Within(1e-9));
        Assert.That(inside.SharedDirectSeconds(800, 2, 4, network), Is.EqualTo(20 + 2 * 400 / 1.0).Within(1e-9));
    }

    [Test]
    public void HostsOfOneRankAreAPlainNetwork()
    {
        RankLink inside = new(1, 100), network = new(10, 4, 2, 1);
        double plain = network.Seconds(800, 8);
        Assert.That(inside.TwoLevelSeconds(800, 8, 1, network), Is.EqualTo(plain).Within(1e-9));
        Assert.That(inside.SharedDirectSeconds(800, 8, 1, network), Is.EqualTo(plain).Within(1e-9));
        Assert.That(inside.SharedDirectSeconds(800, 1, 8, network), Is.EqualTo(inside.Seconds(800, 8)).Within(1e-9));
    }
}
