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

    [Test]
    public void PlateauDropsWhenTheErrorStopsImproving()
    {
        RunningSchedule running = new Plateau(patience: 2).Start();
        float[] factors = [.. new[] { 0.5, 0.4, 0.4, 0.41, 0.39, 0.4, 0.4 }.Select(error =>
        {
            running.EndEpoch(error);
            return running.FactorAt(At(0));
        })];
        Assert.That(factors, Is.EqualTo(new[] { 1, 1, 1, 0.1f, 0.1f, 0.1f, 0.01f }).Within(1e-8f));
    }

    [TestCase("")]
    [TestCase("0.1 2")]
    [TestCase("a 1 1")]
    public void DamagedPlateauStateIsOneLine(string state) => OneLine.Thrown(() => new Plateau(1).Start().State = state, "plateau");

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
        OneLine.Thrown(() => _ = new Plateau(patience: 0), "patience", "0");
        OneLine.Thrown(() => _ = new Poly(float.NaN), "power", "NaN");
        OneLine.Thrown(() => _ = new Cosine(warmup: -1), "warmup", "-1");
    }
}
