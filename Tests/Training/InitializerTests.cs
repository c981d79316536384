using GpuCnn.Engine.Graphs;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Compares moments and ranges of 100,000 draws with the distribution's.</summary>
public sealed class InitializerTests
{
    private const int Count = 100_000, FanIn = 50, FanOut = 30;

    private static float[] Draw(Initializer initializer, ulong key = 7)
    {
        var values = new float[Count];
        initializer.Fill(values, FanIn, FanOut, key);
        return values;
    }

    private static (double Mean, double Deviation) Moments(float[] values)
    {
        double mean = values.Average(value => (double)value);
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }

    // The mean of n draws is off by deviation / sqrt(n), the deviation by about deviation / sqrt(2 n); five times that is allowed.
    private static void HasMoments(float[] values, double deviation)
    {
        (double mean, double found) = Moments(values);
        Assert.That(mean, Is.Zero.Within(5 * deviation / Math.Sqrt(Count)));
        Assert.That(found, Is.EqualTo(deviation).Within(5 * deviation / Math.Sqrt(2.0 * Count)));
    }

    [Test]
    public void HeIsNormalByFanIn()
    {
        float[] values = Draw(Initializer.He);
        double deviation = Math.Sqrt(2.0 / FanIn);
        HasMoments(values, deviation);
        Assert.That(values.Count(value => Math.Abs(value) > 2 * deviation) / (double)Count, Is.EqualTo(0.0455).Within(0.004),
            "tails of a normal distribution");
    }

    [Test]
    public void XavierIsUniformByBothFans()
    {
        float[] values = Draw(Initializer.Xavier);
        double bound = Math.Sqrt(6.0 / (FanIn + FanOut));
        HasMoments(values, bound / Math.Sqrt(3));
        Assert.That(values.Max(Math.Abs), Is.LessThanOrEqualTo(bound).And.GreaterThan(0.999 * bound));
    }

    [Test]
    public void NormalAndUniformKeepTheirNumbers()
    {
        HasMoments(Draw(Initializer.Normal(0.01f)), 0.01);
        float[] values = Draw(Initializer.Uniform(0.3f));
        HasMoments(values, 0.3 / Math.Sqrt(3));
        Assert.That(values.Max(Math.Abs), Is.LessThanOrEqualTo(0.3f));
    }

    [Test]
    public void ConstantIsConstant() => Assert.That(Draw(Initializer.Constant(0.25f)), Is.All.EqualTo(0.25f));

    [Test]
    public void SameKeyGivesSameValues()
    {
        float[] first = Draw(Initializer.He, 3);
        Assert.That(Draw(Initializer.He, 3), Is.EqualTo(first));
        Assert.That(first, Is.Not.EqualTo(Draw(Initializer.He, 4)));
    }
}
