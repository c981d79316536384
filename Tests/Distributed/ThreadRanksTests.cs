using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>What <see cref="Communicator"/> makes of its few abstract methods.</summary>
public sealed class ThreadRanksTests
{
    [TestCase(1)]
    [TestCase(3)]
    [TestCase(8)]
    public void EveryRankGetsTheSumsInRankOrder(int size)
    {
        double[][] sums = ThreadRanks.Run(size, ranks =>
        {
            double[] values = [ranks.Rank + 1, 1e16 * (ranks.Rank == 0 ? 1 : 0), 1e-3];
            ranks.Sum(values);
            return values;
        });
        double small = 0;
        for (int rank = 0; rank < size; rank++) small += 1e-3;
        foreach (double[] sum in sums) Assert.That(sum, Is.EqualTo(new[] { size * (size + 1) / 2.0, 1e16, small }));
    }

    [Test]
    public void TextsMayDifferInLength()
    {
        string[][] all = ThreadRanks.Run(4, ranks => ranks.AllGatherTexts(new string('é', ranks.Rank)));
        foreach (string[] texts in all) Assert.That(texts, Is.EqualTo(new[] { "", "é", "éé", "ééé" }));
    }

    [Test]
    public void OneHasItsValuesGivenToAll() => ThreadRanks.Run(3, ranks =>
    {
        float[] values = [ranks.Rank, 2 * ranks.Rank];
        ranks.Broadcast<float>(values, root: 2);
        Assert.That(values, Is.EqualTo(new[] { 2f, 4f }));
    });

    [Test]
    public unsafe void SumsRunOneAfterAnother()
    {
        ThreadRanks.Run(3, ranks =>
        {
            float[] a = GC.AllocateArray<float>(2, pinned: true), b = GC.AllocateArray<float>(3, pinned: true);
            using RankSum first = ranks.CreateSum(2), second = ranks.CreateSum(3);
            for (int step = 1; step <= 3; step++)
            {
                a.AsSpan().Fill(step * (ranks.Rank + 1));
                b.AsSpan().Fill(ranks.Rank == 1 ? 0.25f : 0);
                bool isReady = false;
                fixed (float* x = a, y = b)
                {
                    first.Begin(x, () => isReady);
                    second.Begin(y);
                    Assert.That(first.IsDone, Is.False);
                    isReady = true;
                    second.Wait();
                    first.Wait();
                }
                Assert.That(a, Is.All.EqualTo(6f * step));
                Assert.That(b, Is.All.EqualTo(0.25f));
            }
        });
    }

    [Test]
    public void AFailureEndsAllRanks() => Assert.That(() => ThreadRanks.Run(3, ranks =>
    {
        if (ranks.Rank == 1) throw new GpuCnnException("rank 1 has no memory");
        ranks.Barrier();
    }), Throws.InstanceOf<GpuCnnException>().With.Message.EqualTo("rank 1 has no memory"));

    [TestCase(64, 4, 1)]
    [TestCase(65, 4, 1)]
    [TestCase(7, 3, 1)]
    [TestCase(2, 3, 1)]
    [TestCase(30, 4, 3)]
    public void ShardsAreAllImagesOnce(int batch, int ranks, int parts)
    {
        int part = batch / parts, next = 0, all = 0;
        for (int rank = 0; rank < ranks; rank++)
        {
            var shard = new Shard(rank, ranks, parts);
            (int first, int count) = shard.Of(part);
            Assert.That(first, Is.EqualTo(next));
            Assert.That(count, Is.InRange(part / ranks, (part + ranks - 1) / ranks));
            next += count;
            all += shard.CountOfStep(batch);
        }
        Assert.That(next, Is.EqualTo(part));
        Assert.That(all, Is.EqualTo(part * parts));
    }
}
