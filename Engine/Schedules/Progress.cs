namespace GpuCnn.Engine.Schedules;

/// <summary>Progress of a run.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="StepsPerEpoch">Steps per epoch.</param>
/// <param name="TotalSteps">Steps over which the schedule runs; the run may end before.</param>
public readonly record struct Progress(long Step, long StepsPerEpoch, long TotalSteps)
{
    /// <summary>The rate that the factors are on; a schedule with a least rate needs it.</summary>
    public float BaseRate { get; init; } = 1;

    /// <summary>Steps of warm-up, before the schedule's own curve begins.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Epochs done, those of warm-up included.</summary>
    public long Epoch => Step / StepsPerEpoch;

    /// <summary>Epochs done since the end of warm-up.</summary>
    public long CurveEpoch => CurveStep / StepsPerEpoch;

    /// <summary>Steps done since the end of warm-up, at most <see cref="CurveSteps"/>.</summary>
    public long CurveStep => Math.Clamp(Step - WarmupSteps, 0, CurveSteps);

    /// <summary>Steps of the schedule after warm-up; at least 1.</summary>
    public long CurveSteps => Math.Max(1, TotalSteps - WarmupSteps);
}
