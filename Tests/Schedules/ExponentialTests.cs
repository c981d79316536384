using GpuCnn.Engine.Schedules;
using NUnit.Framework;

namespace GpuCnn.Tests.Schedules;

public sealed class ExponentialTests
{
    /// <summary>10 steps an epoch.</summary>
    [TestCase(0, 1.0)]
    [TestCase(9, 1.0)]
    [TestCase(10, 0.9)]
    [TestCase(25, 0.81)]
    [TestCase(99, 0.387420489)]
    public void FallsOnceAnEpoch(long step, double expected) =>
        Assert.That(new Exponential(0.9f).Start().FactorAt(new(step, 10, 100)), Is.EqualTo(expected).Within(1e-6));

    [Test]
    public void BadNumbersAreOneLine()
    {
        OneLine.Thrown(() => _ = new Exponential(0), "exponential", "gamma", "0");
        OneLine.Thrown(() => _ = new Exponential(1.5f), "exponential", "gamma", "1.5");
    }
}
