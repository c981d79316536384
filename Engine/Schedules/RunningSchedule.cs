namespace GpuCnn.Engine.Schedules;

/// <summary>A schedule during a run: the factor on the base rate, and the state it keeps.</summary>
public abstract class RunningSchedule
{
    /// <summary>Returns the factor for the next step.</summary>
    public abstract float FactorAt(Progress progress);

    /// <summary>Reports the end of a whole epoch.</summary>
    /// <param name="error">1 - accuracy on the validation images, or on the training images if there are none.</param>
    public virtual void EndEpoch(double error) { }

    /// <summary>State needed to resume, as text; empty for a schedule that depends only on the step.</summary>
    public virtual string State { get => ""; set { } }
}

/// <summary>Rises linearly to another schedule over the first epochs. Its curve begins after them, at its first factor.</summary>
/// <param name="overlaps">Whether the curve runs from the first step on, and warm-up only scales it.</param>
internal sealed class Warmup(int epochs, bool overlaps, RunningSchedule inner) : RunningSchedule
{
    public override float FactorAt(Progress progress)
    {
        long steps = epochs * progress.StepsPerEpoch;
        float factor = inner.FactorAt(overlaps ? progress : progress with { WarmupSteps = steps });
        return progress.Step < steps ? factor * (progress.Step + 1) / steps : factor;
    }

    public override void EndEpoch(double error) => inner.EndEpoch(error);

    public override string State { get => inner.State; set => inner.State = value; }
}
