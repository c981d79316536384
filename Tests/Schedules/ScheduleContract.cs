using System.Text.Json;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;
using NUnit.Framework;

namespace GpuCnn.Tests.Schedules;

/// <summary>What holds for every schedule that the registry finds.</summary>
[TestFixtureSource(nameof(Names))]
public sealed class ScheduleContract(string name)
{
    private const long StepsPerEpoch = 7, TotalSteps = 70;
    private const int Epochs = 10;

    public static IEnumerable<string> Names => Registry<Schedule>.Names;

    /// <summary>Numbers that have to be given get some.</summary>
    private Schedule Make(int warmup = 0)
    {
        Schedule member = Registry<Schedule>.Find(name);
        var values = new Dictionary<string, object?> { ["warmup"] = warmup };
        foreach (Setting setting in Settings.Of(member.GetType()))
            if (setting.IsRequired) values[setting.Name] = new[] { 2, 5 };
        return Settings.With(member, values);
    }

    [Test]
    public void ItHasTestsOfItsOwn()
    {
        if (Registry<Schedule>.Find(name).GetType().Assembly != typeof(Schedule).Assembly) return;
        string type = Registry<Schedule>.Find(name).GetType().Name;
        IEnumerable<string> fixtures = typeof(ScheduleContract).Assembly.GetTypes()
            .Where(test => test.Namespace == typeof(ScheduleContract).Namespace)
            .SelectMany(test => test.GetMethods().Select(method => method.Name).Append(test.Name));
        Assert.That(fixtures.Any(fixture => fixture.StartsWith(type, StringComparison.Ordinal)),
            $"no test in Tests/Schedules begins with {type}");
    }

    [Test]
    public void FactorsAreFiniteAndOfTheRate()
    {
        float[] factors = Factors(Make().Start());
        Assert.That(factors, Is.All.Matches<float>(factor => float.IsFinite(factor) && factor is >= 0 and <= 1));
        Assert.That(factors.Max(), Is.Positive);
    }

    /// <summary>Runs of versions before this one go on so.</summary>
    [Test]
    public void WarmupThatOverlapsScalesTheSameFactors()
    {
        const int Warmup = 2;
        Schedule overlapping = Settings.With(Make(Warmup), new Dictionary<string, object?> { ["overlaps-warmup"] = true });
        float[] plain = Factors(Make().Start()), warmed = Factors(overlapping.Start());
        for (int step = 0; step < TotalSteps; step++)
        {
            const long Rising = Warmup * StepsPerEpoch;
            float expected = step < Rising ? plain[step] * (step + 1) / Rising : plain[step];
            Assert.That(warmed[step], Is.EqualTo(expected), $"step {step}");
        }
    }

    [Test]
    public void WarmupRisesToTheFirstFactor()
    {
        float[] plain = Factors(Make().Start()), warmed = Factors(Make(warmup: 1).Start());
        for (int step = 0; step < StepsPerEpoch; step++)
            Assert.That(warmed[step], Is.EqualTo(plain[0] * (step + 1) / StepsPerEpoch).Within(1e-6), $"step {step}");
        // One that names epochs of the run may drop at once.
        Assert.That(warmed[StepsPerEpoch], Is.EqualTo(plain[0]).Or.EqualTo(plain[StepsPerEpoch]));
    }

    [Test]
    public void ARunThatResumesAnywhereGoesOnWithTheSameBits()
    {
        float[] straight = Factors(Make(1).Start());
        for (int stop = 0; stop < TotalSteps; stop++)
        {
            RunningSchedule first = Make(1).Start(), second = Make(1).Start();
            float[] begun = Factors(first, 0, stop);
            second.State = first.State;
            Assert.That(begun.Concat(Factors(second, stop, TotalSteps)), Is.EqualTo(straight), $"stopped at step {stop}");
        }
    }

    [Test]
    public void ItReadsBackFromJson()
    {
        Schedule made = Make(3);
        string json = JsonSerializer.Serialize(made);
        Schedule read = JsonSerializer.Deserialize<Schedule>(json)!;
        Assert.That(read, Is.TypeOf(made.GetType()));
        Assert.That(Settings.Describe(read), Is.EqualTo(Settings.Describe(made)));
        Assert.That(JsonSerializer.Serialize(read), Is.EqualTo(json));
    }

    [Test]
    public void EverySettingSaysWhatItIs()
    {
        IEnumerable<string> descriptions = Settings.Of(Registry<Schedule>.Find(name).GetType()).Select(setting => setting.Description);
        Assert.That(descriptions, Is.All.EndsWith(".").And.All.Not.Contains("\n"));
    }

    private static float[] Factors(RunningSchedule running) => Factors(running, 0, TotalSteps);

    private static float[] Factors(RunningSchedule running, long first, long last)
    {
        var factors = new List<float>();
        for (long step = first; step < last; step++)
        {
            factors.Add(running.FactorAt(new(step, StepsPerEpoch, TotalSteps)));
            // An error that falls and then stays, so that a schedule that looks at it has something to do.
            if ((step + 1) % StepsPerEpoch == 0) running.EndEpoch(Math.Max(0.3, 0.5 - 0.1 * (step / StepsPerEpoch)));
        }
        Assert.That(TotalSteps / StepsPerEpoch, Is.EqualTo(Epochs));
        return [.. factors];
    }
}
