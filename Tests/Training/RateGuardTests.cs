using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

public sealed class RateGuardTests
{
    private static List<int> Halvings(RateGuard guard, IEnumerable<double> losses, int first = 0) =>
        [.. losses.Select((loss, step) => (Halved: guard.Halves(loss, first + step), Step: first + step))
            .Where(at => at.Halved).Select(at => at.Step)];

    [Test]
    public void LossesThatFallOrStayChangeNothing()
    {
        var guard = new RateGuard(64, 10);
        Assert.That(Halvings(guard, [2.3, 2.4, 9, 22, 2.3, 1, 0.1, 22]), Is.Empty, "below ten times the first");
        Assert.That(guard.Factor, Is.EqualTo(1f));
    }

    [Test]
    public void ATenfoldRiseHalvesAndThenWaits()
    {
        var guard = new RateGuard(64, 10);
        Assert.That(Halvings(guard, [2.3, 24, .. Enumerable.Repeat(1000.0, 30)]), Is.EqualTo(new[] { 1, 11, 21, 31 }));
        Assert.That(guard.Factor, Is.EqualTo(1f / 16));
    }

    /// <summary>One image of a small batch may be very wrong.</summary>
    [Test]
    public void SmallBatchesAreAveraged()
    {
        Assert.That(Halvings(new RateGuard(1, 4), [1.4, 1.3, 60, 1.2, 0.5, 80, 0.4]), Is.Empty);
        Assert.That(Halvings(new RateGuard(1, 4), [1.4, .. Enumerable.Repeat(60.0, 40)]), Has.Count.GreaterThan(1));
    }

    /// <summary>Weights that are right already begin with a loss of almost nothing; ten times that is nothing too.</summary>
    [Test]
    public void AFirstLossBelowThatOfGuessingDoesNotCount()
    {
        Assert.That(Halvings(new RateGuard(64, 10), [0.001, 0.5, 2.3, 20]), Is.Empty);
        Assert.That(Halvings(new RateGuard(64, 10), [0.001, 0.5, 2.3, 24]), Is.EqualTo(new[] { 3 }));
    }

    [Test]
    public void StateGoesOn()
    {
        double[] losses = [2.3, 24, 30, 50, 1000, 3, 400, 20, 500, 600, 700, 800, 900, 100, 300];
        for (int stop = 0; stop <= losses.Length; stop++)
        {
            RateGuard straight = new(8, 10), first = new(8, 10), second = new(8, 10);
            List<int> whole = Halvings(straight, losses), begun = Halvings(first, losses.Take(stop));
            second.State = first.State;
            List<int> rest = Halvings(second, losses.Skip(stop), stop);
            Assert.That(begun.Concat(rest), Is.EqualTo(whole), $"stopped at {stop}");
            Assert.That(second.State, Is.EqualTo(straight.State));
        }
    }

    /// <summary>Whether or not the loss of the step before is known, and over a resume.</summary>
    [Test]
    public void AHalvingCountsFromTheSecondStepAfterIt([Values] bool isResumed)
    {
        var guard = new RateGuard(64, 10);
        double[] losses = [2.3, 1, 24, .. Enumerable.Repeat(1000.0, 20)];
        for (int step = 0; step < losses.Length; step++)
        {
            float expected = step >= 14 ? 0.25f : step >= 4 ? 0.5f : 1;
            Assert.That(guard.FactorAt(step), Is.EqualTo(expected), $"step {step}");
            guard.Halves(losses[step], step);
            Assert.That(guard.FactorAt(step + 1), Is.EqualTo(step + 1 >= 14 ? 0.25f : step + 1 >= 4 ? 0.5f : 1), $"step {step + 1}");
            if (isResumed) guard = new(64, 10) { State = guard.State };
        }
        Assert.That(guard.IsLate);
    }

    /// <summary>The state of a run that began earlier has four numbers, and keeps them.</summary>
    [Test]
    public void AnEarlierRunGoesOnAsItBegan()
    {
        var guard = new RateGuard(64, 10) { State = "2.3 23 1 0" };
        Assert.That((guard.IsLate, guard.FactorAt(5)), Is.EqualTo((false, 0.5f)));
        Assert.That(guard.Halves(24, 5));
        Assert.That(guard.FactorAt(6), Is.EqualTo(0.25f), "for the next step");
        var resumed = new RateGuard(64, 10) { State = guard.State };
        Assert.That((resumed.IsLate, resumed.FactorAt(6), resumed.State.Split(' ')), Is.EqualTo((false, 0.25f, guard.State.Split(' '))));
        Assert.That(guard.State.Split(' '), Has.Length.EqualTo(4));
    }

    [TestCase("")]
    [TestCase("1 2 3")]
    [TestCase("1 2 3 4 x")]
    [TestCase("1 2 3 4 5 6")]
    [TestCase("a b c d")]
    public void DamagedStateIsOneLine(string state) => OneLine.Thrown(() => new RateGuard(8, 10).State = state, "damaged");
}
