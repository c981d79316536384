using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>Falls to 0 as (1 - step / steps)^power, from the end of warm-up to the end of the run.</summary>
public sealed class Poly : FixedSchedule
{
    /// <param name="power">Exponent; 1 is a straight line.</param>
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public Poly(float power = 1, int warmup = 0) => (Power, Warmup) = (power, warmup);

    public override string Name => "poly";

    [Setting("Exponent; 1 is a straight line.", Above = 0)]
    public float Power { get; init => field = Setting.Check(this, value); }

    protected override float FactorAt(Progress progress) =>
        (float)Math.Pow(1 - (double)progress.CurveStep / progress.CurveSteps, Power);
}
