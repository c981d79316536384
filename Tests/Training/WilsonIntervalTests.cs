using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

public sealed class WilsonIntervalTests
{
    /// <summary>
    /// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
    /// </summary>
    [TestCase(81, 263, 0.2553, 0.3662)]
    [TestCase(15, 148, 0.0624, 0.1605)]
    [TestCase(0, 20, 0.0000, 0.1611)]
    [TestCase(1, 29, 0.0061, 0.1718)]
    public void IsThatOfTheLiterature(int right, int count, double low, double high)
    {
        WilsonInterval interval = WilsonInterval.Of(right, count), mirrored = WilsonInterval.Of(count - right, count);
        Assert.That(interval.Low, Is.EqualTo(low).Within(5e-5));
        Assert.That(interval.High, Is.EqualTo(high).Within(5e-5));
        Assert.That((mirrored.Low, mirrored.High), Is.EqualTo((1 - interval.High, 1 - interval.Low))
            .Using<double>((x, y) => Math.Abs(x - y) < 1e-12));
    }

    [Test]
    public void HoldsTheShareAndStaysBetweenZeroAndOne()
    {
        foreach (int count in new[] { 1, 2, 3, 10, 999, 1_000_000 })
        {
            foreach (int right in new[] { 0, 1, count / 3, count / 2, count - 1, count }.Where(right => right >= 0 && right <= count))
            {
                WilsonInterval interval = WilsonInterval.Of(right, count);
                Assert.That(interval.Low, Is.InRange(0, (double)right / count));
                Assert.That(interval.High, Is.InRange((double)right / count, 1));
            }
        }
        Assert.That(WilsonInterval.Of(0, 7).Low, Is.Zero);
        Assert.That(WilsonInterval.Of(7, 7).High, Is.EqualTo(1));
    }

    [TestCase(0, false)]
    [TestCase(1, true)]
    [TestCase(999, true)]
    [TestCase(1000, false)]
    public void BelongsToFewImages(int images, bool expected) =>
        Assert.That(WilsonInterval.OfFew(new(0.5, 0.5, 1, images, 1)).HasValue, Is.EqualTo(expected));

    [Test]
    public void RefusesImpossibleCounts()
    {
        Assert.That(() => WilsonInterval.Of(0, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => WilsonInterval.Of(3, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => WilsonInterval.Of(-1, 2), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
