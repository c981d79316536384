using GpuCnn.Engine.Schedules;
using NUnit.Framework;

namespace GpuCnn.Tests.Schedules;

public sealed class OneCycleTests
{
    /// <summary>Rates that make_onecycle.py prints, with PyTorch's defaults and with other numbers.</summary>
    [Test]
    public void RatesArePyTorchs()
    {
        Check(new OneCycle(), 0.04, 0.52, 1, 0.950484632, 0.811745654, 0.611262022, 0.388741978, 0.188258346, 0.049519368, 4e-06);
        Check(new OneCycle(0.5f, 10, 100), 0.1, 0.410942353, 0.914057647, 0.95053395, 0.611649207, 0.189066844, 0.001);

        static void Check(OneCycle schedule, params double[] expected)
        {
            RunningSchedule running = schedule.Start();
            for (int step = 0; step < expected.Length; step++)
                Assert.That(running.FactorAt(new(step, 3, expected.Length)), Is.EqualTo(expected[step]).Within(1e-7), $"step {step}");
        }
    }

    [Test]
    public void AWholeRunMayRiseOrFall()
    {
        Assert.That(new OneCycle(rise: 1).Start().FactorAt(new(99, 10, 100)), Is.EqualTo(1f));
        Assert.That(new OneCycle(rise: 0).Start().FactorAt(new(0, 10, 100)), Is.GreaterThan(0.99f));
        Assert.That(new OneCycle().Start().FactorAt(new(0, 1, 1)), Is.EqualTo(4e-6f).Within(1e-9f));
    }

    [Test]
    public void BadNumbersAreOneLine()
    {
        OneLine.Thrown(() => _ = new OneCycle(rise: 1.5f), "one-cycle", "rise", "1.5");
        OneLine.Thrown(() => _ = new OneCycle(startDivisor: 0.5f), "start divisor", "0.5");
        OneLine.Thrown(() => _ = new OneCycle(endDivisor: 0), "end divisor", "0");
    }
}
