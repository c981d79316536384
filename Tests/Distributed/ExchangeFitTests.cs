using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

/// <summary>Latency and rate from measured times.</summary>
public sealed class ExchangeFitTests
{
    [TestCase(2)]
    [TestCase(4)]
    [TestCase(7)]
    public void FindsTheLinkThatMadeTheTimes(int ranks)
    {
        var link = new RankLink(0, 125e6, 30e-6);
        ExchangeFit fit = ExchangeFit.Of(Times(bytes => link.Seconds(bytes, ranks)));
        Assert.That(fit.MessageSeconds(ranks), Is.EqualTo(30e-6).Within(1e-9));
        Assert.That(fit.BytesPerSecond(ranks), Is.EqualTo(125e6).Within(1));
        Assert.That(fit.LargestError, Is.LessThan(1e-9));
        Assert.That(fit.Seconds(123_456), Is.EqualTo(link.Seconds(123_456, ranks)).Within(1e-9));
    }

    /// <summary>A size that takes 10 % longer than the line shows, whether it is a small or a large one.</summary>
    [TestCase(0)]
    [TestCase(7)]
    public void TellsHowFarItIsOff(int odd)
    {
        ExchangeTime[] times = [.. Times(bytes => 1e-4 + 1e-8 * bytes).Select((time, i) =>
            i == odd ? time with { Seconds = 1.1 * time.Seconds } : time)];
        Assert.That(ExchangeFit.Of(times).LargestError, Is.InRange(0.02, 0.1));
    }

    [Test]
    public void NeitherNumberIsNegative()
    {
        ExchangeFit fit = ExchangeFit.Of([new(100, 1e-6), new(1000, 1e-3)]);
        Assert.That((fit.StartSeconds, fit.SecondsPerByte > 0), Is.EqualTo((0.0, true)));
        fit = ExchangeFit.Of([new(100, 1e-3), new(1000, 1e-6)]);
        Assert.That((fit.StartSeconds > 0, fit.SecondsPerByte), Is.EqualTo((true, 0.0)));
    }

    [Test]
    public void OneSizeMakesNoLine() => Assert.That(() => ExchangeFit.Of([new(100, 1)]), Throws.ArgumentException);

    [TestCase(1, 10.0)]
    [TestCase(100, 10.0)]
    [TestCase(250, 15.0)]
    [TestCase(400, 20.0)]
    [TestCase(700, 35.0)]
    [TestCase(1000, 50.0)]
    [TestCase(3000, 150.0)]
    public void CurvesGoThroughTheMeasuredTimes(long bytes, double seconds) =>
        Assert.That(new ExchangeCurve([new(400, 20), new(100, 10), new(1000, 50)]).Seconds(bytes), Is.EqualTo(seconds).Within(1e-9));

    [Test]
    public void NoExchangeTakesLongerThanALargerOne()
    {
        var curve = new ExchangeCurve([new(100, 90), new(200, 30), new(300, 40)]);
        Assert.That(new[] { 100, 200, 300 }.Select(bytes => curve.Seconds(bytes)), Is.EqualTo(new[] { 30.0, 30, 40 }));
        Assert.That(curve.StartSeconds, Is.EqualTo(30));
    }

    [Test]
    public void AllRanksMeasureTheSame()
    {
        IReadOnlyList<ExchangeTime>[] times = ThreadRanks.Run(3, ranks => ExchangeMeasurement.MeasureEach(ranks, [4096, 1 << 20]));
        Assert.That(times[0].Select(time => time.Bytes), Is.EqualTo(new[] { 4096, 1 << 20 }));
        Assert.That(times[0].Select(time => time.Seconds), Is.All.Positive);
        foreach (IReadOnlyList<ExchangeTime> others in times) Assert.That(others, Is.EqualTo(times[0]));
        double[] firsts = ThreadRanks.Run(2, ExchangeMeasurement.MeasureFirst);
        Assert.That(firsts[0], Is.Positive.And.EqualTo(firsts[1]));
        double[] rows = ThreadRanks.Run(2, ranks => ExchangeMeasurement.MeasureAll(ranks, [4096, 8192, 4096]));
        Assert.That(rows[0], Is.Positive.And.EqualTo(rows[1]));
    }

    private static ExchangeTime[] Times(Func<long, double> seconds) =>
        [.. ExchangeMeasurement.UsualSizes.Select(bytes => new ExchangeTime(bytes, seconds(bytes)))];
}
