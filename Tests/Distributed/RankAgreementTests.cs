using GpuCnn.Engine;
using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>What one rank meets ends all of them at the same place, with the same message.</summary>
public sealed class RankAgreementTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    public void AllRanksGetTheFlagsOfEach(int size)
    {
        AgreedFlags[] agreed = ThreadRanks.Run(size, ranks => ranks.Agree((byte)(1 << Math.Min(ranks.Rank, 3) | 1 << 4)));
        byte any = (byte)((1 << Math.Min(size, 4)) - 1 | 1 << 4);
        Assert.That(agreed, Is.All.EqualTo(new AgreedFlags(any, size == 1 ? any : (byte)(1 << 4))));
    }

    [Test]
    public void TheLowestFailureIsThrownOnAll([Values(2, 4)] int size)
    {
        Exception[] thrown = Thrown(size, ranks => ranks.Rank > 0 ? new GpuCnnException($"no image {ranks.Rank}") : null);
        for (int rank = 0; rank < size; rank++)
        {
            Assert.That(thrown[rank], Is.TypeOf<RankFailedException>());
            Assert.That(((RankFailedException)thrown[rank]).Rank, Is.EqualTo(1));
            Assert.That(thrown[rank].Message, Is.EqualTo($"Rank 1 on {Environment.MachineName} failed: no image 1"));
            Assert.That(thrown[rank].InnerException?.Message, Is.EqualTo(rank == 0 ? null : $"no image {rank}"));
        }
    }

    [Test]
    public void AFailureOfTheProgramNamesItsTypeOnOneLine()
    {
        Exception[] thrown = Thrown(2, ranks => ranks.Rank == 1 ? new InvalidOperationException("bad\nindex") : null);
        Assert.That(thrown.Select(exception => exception.Message),
            Is.All.EqualTo($"Rank 1 on {Environment.MachineName} failed: InvalidOperationException: bad index"));
    }

    [Test]
    public void ACanceledRankCancelsAllUnlessOneFailed()
    {
        Assert.That(Thrown(3, ranks => ranks.Rank == 1 ? new OperationCanceledException() : null),
            Is.All.InstanceOf<OperationCanceledException>());
        Assert.That(Thrown(3, ranks => ranks.Rank switch
        {
            0 => new OperationCanceledException(),
            2 => new GpuCnnException("gone"),
            _ => null,
        }), Is.All.TypeOf<RankFailedException>().And.All.Message.EqualTo($"Rank 2 on {Environment.MachineName} failed: gone"));
    }

    [Test]
    public void ARankByItselfThrowsItsOwnFailure()
    {
        var failure = new InvalidOperationException("own");
        Assert.That(Assert.Throws<InvalidOperationException>(() => Communicator.Alone.Agree(0, failure)), Is.SameAs(failure));
        Assert.That(Assert.Throws<InvalidOperationException>(() => Communicator.Alone.Together(() => throw failure)), Is.SameAs(failure));
    }

    [Test]
    public void WhatAllDoTogetherFailsTogether()
    {
        Assert.That(ThreadRanks.Run(3, ranks => ranks.Together(() => ranks.Rank)), Is.EqualTo(new[] { 0, 1, 2 }));
        RankFailedException[] thrown = ThreadRanks.Run(3, ranks => Assert.Throws<RankFailedException>(
            () => ranks.Together(() => ranks.Rank == 2 ? throw new GpuCnnException("no device") : 1))!);
        Assert.That(thrown.Select(failure => failure.Rank), Is.All.EqualTo(2));
    }

    private static Exception[] Thrown(int size, Func<Communicator, Exception?> failure) =>
        ThreadRanks.Run(size, ranks => Assert.Catch(() => ranks.Agree(1, failure(ranks)))!);
}
