using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Tests.Sets;

/// <summary>A schedule as a user writes one: falls from 1 to 0 in each of some teeth.</summary>
public sealed class UserSawtooth : FixedSchedule
{
    public override string Name => "user-sawtooth";

    [Setting("Teeth of the run.", AtLeast = 1)]
    public int Teeth { get; init => field = Setting.Check(this, value); } = 2;

    protected override float FactorAt(Progress progress)
    {
        long length = Math.Max(1, (progress.CurveSteps + Teeth - 1) / Teeth);
        return 1 - progress.CurveStep % length / (float)length;
    }
}
