using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>
/// Rises by half a cosine from a fraction of the rate to the rate, then falls by half a cosine to almost nothing (Smith and Topin, 2017,
/// https://arxiv.org/abs/1708.07120). The rate's part of PyTorch's OneCycleLR with cosine annealing and two phases; momentum stays.
/// </summary>
public sealed class OneCycle : FixedSchedule
{
    /// <param name="rise">Share of the run in which the rate rises.</param>
    /// <param name="startDivisor">The rate over this is the first.</param>
    /// <param name="endDivisor">The first rate over this is the last.</param>
    /// <param name="warmup">Epochs of linear warm-up; the schedule rises by itself, so that it needs none.</param>
    public OneCycle(float rise = 0.3f, float startDivisor = 25, float endDivisor = 1e4f, int warmup = 0) =>
        (Rise, StartDivisor, EndDivisor, Warmup) = (rise, startDivisor, endDivisor, warmup);

    public override string Name => "one-cycle";

    [Setting("Share of the run in which the rate rises.", AtLeast = 0, AtMost = 1)]
    public float Rise { get; init => field = Setting.Check(this, value); }

    [Setting("The rate over this is the first.", AtLeast = 1)]
    public float StartDivisor { get; init => field = Setting.Check(this, value); }

    [Setting("The first rate over this is the last.", AtLeast = 1)]
    public float EndDivisor { get; init => field = Setting.Check(this, value); }

    protected override float FactorAt(Progress progress)
    {
        double first = 1.0 / StartDivisor, last = first / EndDivisor;
        // The decimal that was meant, not the float beside it: a step more or less would rise.
        double peak = (double)(decimal)Rise * progress.CurveSteps - 1, end = progress.CurveSteps - 1;
        double step = Math.Min(progress.CurveStep, end);
        return (float)(step <= peak
            ? Between(first, 1, peak > 0 ? step / peak : 1)
            : Between(1, last, end > peak ? (step - peak) / (end - peak) : 1));
    }

    private static double Between(double from, double to, double share) => to + (from - to) / 2 * (1 + Math.Cos(Math.PI * share));
}
