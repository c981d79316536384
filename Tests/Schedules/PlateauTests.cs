using GpuCnn.Engine.Schedules;
using NUnit.Framework;

namespace GpuCnn.Tests.Schedules;

public sealed class PlateauTests
{
    private static readonly double[] Errors =
        [0.5, 0.4, 0.4, 0.41, 0.39, 0.4, 0.4, 0.4, 0.39, 0.3899, 0.38, 0.381, 0.39, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4];

    private static Progress At(float baseRate) => new(0, 10, 100) { BaseRate = baseRate };

    /// <summary>Rates that make_plateau.py prints.</summary>
    [Test]
    public void RatesArePyTorchs()
    {
        Check(new Plateau(2, 0.1f), 1, 1, 1, 1, 1, 1, 1, 1, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.01f, 0.01f, 0.01f, 0.001f, 0.001f,
            0.001f);
        Check(new Plateau(1, 0.5f, threshold: 0.05f), 1, 1, 1, 1, 0.5f, 0.5f, 0.25f, 0.25f, 0.125f, 0.125f, 0.0625f, 0.0625f, 0.03125f,
            0.03125f, 0.015625f, 0.015625f, 0.0078125f, 0.0078125f, 0.00390625f, 0.00390625f);
        Check(new Plateau(1, 0.5f, threshold: 0.05f, cooldown: 2), 1, 1, 1, 1, 0.5f, 0.5f, 0.5f, 0.5f, 0.25f, 0.25f, 0.25f, 0.25f, 0.125f,
            0.125f, 0.125f, 0.125f, 0.0625f, 0.0625f, 0.0625f, 0.0625f);
        float[] least = [.. Enumerable.Repeat(0.02f, 16)];
        Check(new Plateau(0, 0.1f, minLr: 0.02f), 1, [1, 1, 0.1f, .. least]);
        Check(new Plateau(0, 0.1f, minLr: 0.02f, threshold: 0), 0.5f, [0.5f, 0.5f, 0.05f, .. least]);

        static void Check(Plateau schedule, float baseRate, params float[] expected)
        {
            RunningSchedule running = schedule.Start();
            Assert.Multiple(() =>
            {
                for (int epoch = 0; epoch < expected.Length; epoch++)
                {
                    running.EndEpoch(Errors[epoch]);
                    Assert.That(baseRate * running.FactorAt(At(baseRate)), Is.EqualTo(expected[epoch]).Within(1e-3).Percent,
                        $"epoch {epoch + 1}");
                }
            });
        }
    }

    [Test]
    public void ABaseRateBelowTheLeastStays() =>
        Assert.That(new Plateau(minLr: 0.1f).Start().FactorAt(At(0.01f)), Is.EqualTo(1f));

    [Test]
    public void StateOfVersionsWithoutCooldownGoesOn()
    {
        RunningSchedule running = new Plateau(1, 0.5f).Start();
        running.State = "0.25 1 2";
        Assert.That(running.FactorAt(At(1)), Is.EqualTo(0.25f));
        running.EndEpoch(0.3);
        Assert.That(running.FactorAt(At(1)), Is.EqualTo(0.125f));
    }

    [TestCase("")]
    [TestCase("0.1 2")]
    [TestCase("a 1 1")]
    [TestCase("0.1 1 1 x")]
    public void DamagedStateIsOneLine(string state) => OneLine.Thrown(() => new Plateau(1).Start().State = state, "plateau");

    [Test]
    public void BadNumbersAreOneLine()
    {
        OneLine.Thrown(() => _ = new Plateau(patience: -1), "patience", "-1");
        OneLine.Thrown(() => _ = new Plateau(threshold: 1), "threshold", "1");
        OneLine.Thrown(() => _ = new Plateau(cooldown: -1), "cooldown", "-1");
        OneLine.Thrown(() => _ = new Plateau(minLr: -1), "min lr", "-1");
    }
}
