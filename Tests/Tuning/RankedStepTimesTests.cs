using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Tuning;

/// <summary>Measured steps of ranks that train together.</summary>
public sealed class RankedStepTimesTests
{
    private const int Ranks = 3, Images = 4;

    private readonly RankedStepTimes[] _times = ThreadRanks.Run(Ranks, ranks =>
    {
        using var device = new CpuDevice(1);
        return RankedStepTimes.Measure(Architecture.Find("lenet5").Build(), device, new()
        {
            Images = Images,
            AllImages = Ranks * Images,
            FirstImage = ranks.Rank * Images,
            Ranks = ranks,
            BucketBytes = 40_000,
            Training = true,
            Loss = new SoftmaxCrossEntropy(),
            Optimizer = new Sgd(),
        }, aloneImages: 2 * Images);
    });

    [Test]
    public void AllRanksHaveTheSameTimes()
    {
        foreach (RankedStepTimes other in _times)
        {
            Assert.That(other with { Work = _times[0].Work }, Is.EqualTo(_times[0]));
            Assert.That(other.Work.Pieces, Is.EqualTo(_times[0].Work.Pieces));
        }
    }

    [Test]
    public void PiecesAreAllGradientsInTheOrderTheyAreReady()
    {
        StepWork work = _times[0].Work;
        Assert.That(work.GradientBytes, Is.InRange(4 * 61_706, 4.2 * 61_706), "with padding");
        Assert.That(work.Pieces, Has.Count.GreaterThan(2));
        Assert.That(work.Pieces.Select(piece => piece.ReadySeconds),
            Is.Ordered.And.All.Positive.And.All.LessThanOrEqualTo(work.ComputeSeconds));
        Assert.That(work.ComputeSeconds + work.UpdateSeconds, Is.EqualTo(_times[0].ComputeSeconds).Within(1e-9));
    }

    [Test]
    public void EfficiencyIsOverTheRateOfOneAlone()
    {
        RankedStepTimes times = _times[0] with { AloneSeconds = 0.1, RankedSeconds = 0.2, ComputeSeconds = 0.15, ExchangeSeconds = 0.2 };
        Assert.That(times.AloneImagesPerSecond, Is.EqualTo(80).Within(1e-9));
        Assert.That(times.ImagesPerSecond, Is.EqualTo(60).Within(1e-9));
        Assert.That(times.Efficiency(Ranks), Is.EqualTo(0.25).Within(1e-9));
        Assert.That(times.HiddenShare, Is.EqualTo(0.75).Within(1e-9));
    }

    /// <summary>An exchange that takes no time leaves the step of all by themselves, and one of 1 s a piece is all there is.</summary>
    [Test]
    public void PredictionsFollowTheExchange()
    {
        RankedStepTimes times = _times[0];
        Assert.That(times.Predict(new([new(1, 0)]), 0).Seconds, Is.EqualTo(times.ComputeSeconds).Within(1e-9));
        // A piece that follows another shares one of the two rounds with it.
        int pieces = times.Work.Pieces.Count;
        Assert.That(times.Predict(new([new(1, 1), new(1 << 20, 1)]), 1).Seconds,
            Is.InRange((pieces + 1) / 2.0, (pieces + 1) / 2.0 + times.Overlap.Compute * times.ComputeSeconds + 1e-6));
        Assert.That((times.Overlap.Compute, times.Overlap.Exchange), Is.GreaterThanOrEqualTo((1.0, 1.0)));
    }
}
