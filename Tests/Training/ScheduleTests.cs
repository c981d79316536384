using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Learning rates against their formulas, at 10 steps an epoch and 100 steps in all.</summary>
public sealed class ScheduleTests
{
    private static Progress At(long step) => new(step, 10, 100);

    private static float Factor(ScheduleSettings settings, long step) => settings.Create().FactorAt(At(step));

    [Test]
    public void ConstantStays()
    {
        var settings = new ScheduleSettings { Name = "constant" };
        Assert.That(Factor(settings, 0), Is.EqualTo(1f));
        Assert.That(Factor(settings, 99), Is.EqualTo(1f));
    }

    [TestCase(0, 1f)]
    [TestCase(29, 1f)]
    [TestCase(30, 0.5f)]
    [TestCase(59, 0.5f)]
    [TestCase(60, 0.25f)]
    public void StepDropsEveryFewEpochs(long step, float expected) =>
        Assert.That(Factor(new() { Name = "step", StepEpochs = 3, Gamma = 0.5f }, step), Is.EqualTo(expected));

    [TestCase(0, 1f)]
    [TestCase(39, 1f)]
    [TestCase(40, 0.1f)]
    [TestCase(70, 0.01f)]
    public void MultiStepDropsAtMilestones(long step, float expected) =>
        Assert.That(Factor(new() { Name = "multistep", Milestones = [4, 7] }, step), Is.EqualTo(expected).Within(1e-8f));

    [TestCase(0, 1.0)]
    [TestCase(25, 0.853553391)]
    [TestCase(50, 0.5)]
    [TestCase(100, 0.0)]
    public void CosineFallsToZero(long step, double expected) =>
        Assert.That(Factor(new() { Name = "cosine" }, step), Is.EqualTo(expected).Within(1e-6));

    [TestCase(0, 1.0)]
    [TestCase(50, 0.25)]
    [TestCase(90, 0.01)]
    public void PolyFallsByItsPower(long step, double expected) =>
        Assert.That(Factor(new() { Name = "poly", Power = 2 }, step), Is.EqualTo(expected).Within(1e-6));

    [Test]
    public void PlateauDropsWhenTheErrorStopsImproving()
    {
        Schedule schedule = new ScheduleSettings { Name = "plateau", Patience = 2 }.Create();
        float[] factors = [.. new[] { 0.5, 0.4, 0.4, 0.41, 0.39, 0.4, 0.4 }.Select(error =>
        {
            schedule.EndEpoch(error);
            return schedule.FactorAt(At(0));
        })];
        Assert.That(factors, Is.EqualTo(new[] { 1, 1, 1, 0.1f, 0.1f, 0.1f, 0.01f }).Within(1e-8f));
    }

    [Test]
    public void PlateauGoesOnFromItsState()
    {
        var settings = new ScheduleSettings { Name = "plateau", Patience = 2, WarmupEpochs = 1 };
        Schedule first = settings.Create(), second = settings.Create();
        foreach (double error in new[] { 0.3, 1.0 / 3, 0.31, 0.4 }) first.EndEpoch(error);
        second.State = first.State;
        foreach (double error in new[] { 0.35, 0.29, 0.3, 0.31 })
        {
            first.EndEpoch(error);
            second.EndEpoch(error);
            Assert.That(second.FactorAt(At(50)), Is.EqualTo(first.FactorAt(At(50))));
            Assert.That(second.State, Is.EqualTo(first.State));
        }
    }

    [TestCase("")]
    [TestCase("0.1 2")]
    [TestCase("a 1 1")]
    public void DamagedPlateauStateIsOneLine(string state) =>
        OneLine.Thrown(() => new PlateauSchedule(0.1f, 1).State = state, "plateau");

    [TestCase(0, 0.05f)]
    [TestCase(9, 0.5f)]
    [TestCase(19, 1f)]
    [TestCase(20, 1f)]
    public void WarmupRisesLinearly(long step, float expected) =>
        Assert.That(Factor(new() { Name = "constant", WarmupEpochs = 2 }, step), Is.EqualTo(expected).Within(1e-7f));

    [Test]
    public void BadSettingsAreOneLine()
    {
        OneLine.Thrown(() => new ScheduleSettings { Name = "cosin" }.Create(), "'cosin'", "cosine");
        OneLine.Thrown(() => new ScheduleSettings { Gamma = 0 }.Create(), "gamma", "0");
        OneLine.Thrown(() => new ScheduleSettings { Name = "multistep" }.Create(), "milestones");
        OneLine.Thrown(() => new ScheduleSettings { Name = "step", StepEpochs = 0 }.Create(), "epoch", "0");
        OneLine.Thrown(() => new ScheduleSettings { Name = "plateau", Patience = 0 }.Create(), "patience", "0");
        OneLine.Thrown(() => new ScheduleSettings { Name = "poly", Power = float.NaN }.Create(), "power", "NaN");
        OneLine.Thrown(() => new ScheduleSettings { WarmupEpochs = -1 }.Create(), "warm-up", "-1");
    }
}
