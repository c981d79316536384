using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>Falls to 0 over the run as (1 - step / steps)^power.</summary>
public sealed class Poly : FixedSchedule
{
    /// <param name="power">Exponent; 1 is a straight line.</param>
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public Poly(float power = 1, int warmup = 0) => (Power, Warmup) = (power, warmup);

    public override string Name => "poly";

    [Setting("Exponent; 1 is a straight line.", Above = 0)]
    public float Power { get; init => field = Setting.Check(this, value); }

    protected override float FactorAt(Progress progress) =>
        (float)Math.Pow(Math.Max(0, 1 - (double)progress.Step / progress.TotalSteps), Power);
}
