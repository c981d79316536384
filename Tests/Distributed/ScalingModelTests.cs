using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>Predicted steps of several ranks.</summary>
public sealed class ScalingModelTests
{
    private const double Tolerance = 1e-12;

    [Test]
    public void OneRankTakesItsOwnTime()
    {
        var work = new StepWork(0.3, 0.1, [new(1000, 0.2), new(2000, 0.3)]);
        RankedStep step = ScalingModel.Predict(work, new RankLink(1, 1), ranks: 1);
        Assert.That(step, Is.EqualTo(new RankedStep(0.4, 0, 0)));
        Assert.That((step.HiddenShare, step.Efficiency), Is.EqualTo((0.0, 1.0)));
    }

    [Test]
    public void OnePieceAtTheEndHidesNothing()
    {
        RankedStep step = ScalingModel.Predict(new(0.3, 0.1, [new(1000, 0.3)]), _ => 0.6);
        Assert.That(step.Seconds, Is.EqualTo(1.0).Within(Tolerance));
        Assert.That(step.HiddenShare, Is.Zero.Within(Tolerance));
        Assert.That(step.Efficiency, Is.EqualTo(0.4).Within(Tolerance));
    }

    [Test]
    public void WhatIsReadyEarlyIsHidden()
    {
        RankedStep step = ScalingModel.Predict(new(1, 0.1, [new(1, 0.4), new(1, 1)]), _ => 0.3);
        Assert.That(step.Seconds, Is.EqualTo(1.4).Within(Tolerance));
        Assert.That(step.HiddenShare, Is.EqualTo(0.5).Within(Tolerance));
    }

    /// <summary>Pieces wait for the one before: 0.4 + 3 x 0.5, though all are ready at 0.6.</summary>
    [Test]
    public void ExchangesFollowOneAnother()
    {
        RankedStep step = ScalingModel.Predict(new(0.6, 0, [new(1, 0.4), new(1, 0.5), new(1, 0.6)]), _ => 0.5);
        Assert.That(step.Seconds, Is.EqualTo(1.9).Within(Tolerance));
    }

    /// <summary>The second follows the first and shares 0.2 with it; the third begins by itself.</summary>
    [Test]
    public void ExchangesInARowShareARound()
    {
        StepWork work = new(2, 0, [new(1, 0.4), new(1, 0.5), new(1, 2)]);
        Assert.That(ScalingModel.Predict(work, _ => 0.5, sharedSeconds: 0.2).Seconds, Is.EqualTo(2.5).Within(Tolerance));
        StepWork late = work with { ComputeSeconds = 0.5, Pieces = [new(1, 0.4), new(1, 0.5)] };
        Assert.That(ScalingModel.Predict(late, _ => 0.5, sharedSeconds: 0.2).Seconds, Is.EqualTo(1.2).Within(Tolerance));
    }

    /// <summary>The first wakes what exchanges, and so does the third: 0.1 each.</summary>
    [Test]
    public void ExchangesAfterAPauseTakeLonger()
    {
        StepWork work = new(2, 0, [new(1, 0.4), new(1, 0.5), new(1, 2)]);
        Assert.That(ScalingModel.Predict(work, _ => 0.5, wakeSeconds: 0.1).Seconds, Is.EqualTo(2.6).Within(Tolerance));
        Assert.That(ScalingModel.Predict(work, _ => 0.9, wakeSeconds: 0.1).Seconds, Is.EqualTo(0.4 + 1 + 2 * 0.9).Within(Tolerance));
    }

    [TestCase(1.2, 1.5, 1.2, 1.5)]
    [TestCase(0.9, 1.5, 1, 1.5)]
    [TestCase(2, 2, 2, 2)]
    [TestCase(4, 4, 2, 2)]
    [TestCase(3, 6, 1.5, 3)]
    [TestCase(1, 30, 1, 30)]
    public void BothAtOnceTakeNoLongerThanOneAfterAnother(double compute, double exchange, double boundCompute, double boundExchange)
    {
        var cost = OverlapCost.Of(compute, exchange);
        Assert.That((cost.Compute, cost.Exchange), Is.EqualTo((boundCompute, boundExchange)));
    }

    /// <summary>
    /// The exchange of 0.2 takes 0.4 beside the backward pass, which gets on by 0.1 meanwhile and ends 0.3 later than alone.
    /// </summary>
    [Test]
    public void BothAreSlowerWhileBothGoOn()
    {
        RankedStep step = ScalingModel.Predict(new(1, 0, [new(1, 0.5)]), _ => 0.2, new OverlapCost(4, 2));
        Assert.That(step.Seconds, Is.EqualTo(1.3).Within(Tolerance));
        step = ScalingModel.Predict(new(1, 0, [new(1, 0.9)]), _ => 0.4, new OverlapCost(2, 2));
        Assert.That(step.Seconds, Is.EqualTo(0.9 + 0.2 + 0.3).Within(Tolerance), "the rest of the exchange is alone");
    }

    /// <summary>A simulation by small steps of time gives the same.</summary>
    [Test]
    public void AgreesWithASimulation([Range(1, 12)] int seed)
    {
        const double Tick = 1e-5;
        var random = new Random(seed);
        double[] ready = [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => random.NextDouble()).Order()];
        var work = new StepWork(1, 0.05, [.. ready.Select(at => new GradientPiece(random.Next(1, 1000), at))]);
        var cost = new OverlapCost(1 + random.NextDouble(), 1 + random.NextDouble());
        double Seconds(long bytes) => 3e-4 * bytes;

        double time = 0, computed = 0, exchanged = 0;
        for (int piece = 0; piece < ready.Length || computed < 1; time += Tick)
        {
            bool exchanges = piece < ready.Length && computed >= work.Pieces[piece].ReadySeconds, computes = computed < 1;
            if (computes) computed += exchanges ? Tick / cost.Compute : Tick;
            if (!exchanges) continue;
            exchanged += computes ? Tick / cost.Exchange : Tick;
            if (exchanged < Seconds(work.Pieces[piece].Bytes)) continue;
            piece++;
            exchanged = 0;
        }
        Assert.That(ScalingModel.Predict(work, Seconds, cost).Seconds, Is.EqualTo(time + 0.05).Within(50 * Tick));
    }

    [Test]
    public void PiecesAreClosedAtTheirBytes()
    {
        (double, long)[] layers = [(0.1, 60), (0.1, 30), (0.1, 0), (0.2, 20), (0.3, 200), (0.1, 5)];
        StepWork work = StepWork.Of(1, layers, 0.5, bucketBytes: 80);
        Assert.That(work.Pieces.Select(piece => piece.Bytes), Is.EqualTo(new[] { 90, 220, 5 }));
        Assert.That(work.Pieces.Select(piece => piece.ReadySeconds), Is.EqualTo(new[] { 1.2, 1.8, 1.9 }).Within(Tolerance));
        Assert.That((work.GradientBytes, work.UpdateSeconds), Is.EqualTo((315L, 0.5)));
        Assert.That(work.ComputeSeconds, Is.EqualTo(1.9).Within(Tolerance));
        Assert.That(StepWork.Of(1, layers, 0, long.MaxValue).Pieces.Single().Bytes, Is.EqualTo(315));
        Assert.That(StepWork.Of(1, layers, 0, 1).Pieces, Has.Count.EqualTo(5), "a layer without parameters has no piece");
    }

    [Test]
    public void LargerBatchesScaleBetter()
    {
        var link = new RankLink(1e-5, 1e9);
        var work = new StepWork(0.1, 0.001, [new(50_000_000, 0.06), new(50_000_000, 0.1)]);
        double[] efficiencies = [.. new[] { 1.0, 2, 8 }.Select(times => ScalingModel.Predict(work.Slower(times), link, 64).Efficiency)];
        Assert.That(efficiencies, Is.Ordered.And.Unique);
    }
}
