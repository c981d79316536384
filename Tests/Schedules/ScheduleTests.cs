using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using NUnit.Framework;

namespace GpuCnn.Tests.Schedules;

/// <summary>Learning rates against their formulas, at 10 steps an epoch and 100 steps in all.</summary>
public sealed class ScheduleTests
{
    private static Progress At(long step) => new(step, 10, 100);

    private static float Factor(Schedule schedule, long step) => schedule.Start().FactorAt(At(step));

    [Test]
    public void ConstantStays()
    {
        Assert.That(Factor(new Constant(), 0), Is.EqualTo(1f));
        Assert.That(Factor(new Constant(), 99), Is.EqualTo(1f));
    }

    [TestCase(0, 1f)]
    [TestCase(29, 1f)]
    [TestCase(30, 0.5f)]
    [TestCase(59, 0.5f)]
    [TestCase(60, 0.25f)]
    public void StepDropsEveryFewEpochs(long step, float expected) => Assert.That(Factor(new Step(3, 0.5f), step), Is.EqualTo(expected));

    [TestCase(0, 1f)]
    [TestCase(39, 1f)]
    [TestCase(40, 0.1f)]
    [TestCase(70, 0.01f)]
    public void MultiStepDropsAtMilestones(long step, float expected) =>
        Assert.That(Factor(new MultiStep([4, 7]), step), Is.EqualTo(expected).Within(1e-8f));

    [TestCase(0, 1.0)]
    [TestCase(25, 0.853553391)]
    [TestCase(50, 0.5)]
    [TestCase(100, 0.0)]
    public void CosineFallsToZero(long step, double expected) => Assert.That(Factor(new Cosine(), step), Is.EqualTo(expected).Within(1e-6));

    [TestCase(0, 1.0)]
    [TestCase(50, 0.25)]
    [TestCase(90, 0.01)]
    public void PolyFallsByItsPower(long step, double expected) =>
        Assert.That(Factor(new Poly(2), step), Is.EqualTo(expected).Within(1e-6));

    /// <summary>The curve begins at its top after warm-up, and ends with the run.</summary>
    [TestCase(19, 1.0)]
    [TestCase(20, 1.0)]
    [TestCase(60, 0.5)]
    [TestCase(99, 0.00038546991)]
    public void CosineFallsFromTheEndOfWarmup(long step, double expected) =>
        Assert.That(Factor(new Cosine(warmup: 2), step), Is.EqualTo(expected).Within(1e-6));

    [TestCase(60, 0.5)]
    [TestCase(99, 0.0125)]
    public void PolyFallsFromTheEndOfWarmup(long step, double expected) =>
        Assert.That(Factor(new Poly(warmup: 2), step), Is.EqualTo(expected).Within(1e-6));

    [TestCase(29, 1.0)]
    [TestCase(30, 0.9)]
    public void ExponentialCountsFromTheEndOfWarmup(long step, double expected) =>
        Assert.That(Factor(new Exponential(0.9f, warmup: 2), step), Is.EqualTo(expected).Within(1e-6));

    /// <summary>Epochs that are named are those of the run.</summary>
    [TestCase(39, 1.0)]
    [TestCase(40, 0.1)]
    public void MilestonesCountWarmup(long step, double expected) =>
        Assert.That(Factor(new MultiStep([4, 7], warmup: 2), step), Is.EqualTo(expected).Within(1e-6));

    /// <summary>A run that is longer than its schedule stays at the schedule's end.</summary>
    [Test]
    public void FactorsStayAfterTheEnd()
    {
        foreach (Schedule schedule in new Schedule[] { new Cosine(1), new Poly(1), new OneCycle() })
        {
            float end = schedule.Start().FactorAt(new(100, 10, 100));
            Assert.That(end, Is.LessThan(0.01f));
            Assert.That(schedule.Start().FactorAt(new(250, 10, 100)), Is.EqualTo(end), schedule.Name);
        }
    }

    [TestCase(0, 0.05f)]
    [TestCase(9, 0.5f)]
    [TestCase(19, 1f)]
    [TestCase(20, 1f)]
    public void WarmupRisesLinearly(long step, float expected) =>
        Assert.That(Factor(new Constant(warmup: 2), step), Is.EqualTo(expected).Within(1e-7f));

    [Test]
    public void BadNumbersAreOneLine()
    {
        OneLine.Thrown(() => Registry<Schedule>.Find("cosin"), "'cosin'", "cosine");
        OneLine.Thrown(() => _ = new Step(gamma: 0), "gamma", "0");
        OneLine.Thrown(() => new MultiStep().Start(), "milestones");
        OneLine.Thrown(() => _ = new MultiStep([3, 3]), "milestones", "ascending", "3,3");
        OneLine.Thrown(() => _ = new Step(0), "epochs", "0");
        OneLine.Thrown(() => _ = new Poly(float.NaN), "power", "NaN");
        OneLine.Thrown(() => _ = new Cosine(warmup: -1), "warmup", "-1");
    }
}
