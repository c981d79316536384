namespace GpuCnn.Engine.Training;

/// <summary>
/// How far a run is: all that it needs to go on, besides its configuration, its weights and the optimizer's slots. The seed and the step
/// determine the order of images, augmentation and dropout.
/// </summary>
/// <param name="Step">Steps done.</param>
internal sealed record TrainingState(long Step)
{
    /// <summary>See <see cref="Schedules.RunningSchedule.State"/>.</summary>
    public string Schedule { get; init; } = "";

    /// <summary>See <see cref="RateGuard.State"/>.</summary>
    public string Guard { get; init; } = "";

    /// <summary>Sum over the images of the open epoch.</summary>
    public double EpochLoss { get; init; }

    /// <summary>Images of the open epoch that were right.</summary>
    public long EpochTop1 { get; init; }

    /// <summary>Images of the open epoch that counted: those that could be read.</summary>
    public long EpochImages { get; init; }

    /// <summary>Seconds of the open epoch's steps.</summary>
    public double EpochSeconds { get; init; }

    /// <summary>Seconds of the run, validation included.</summary>
    public double Seconds { get; init; }

    /// <summary>The best epoch so far; null before the first validation.</summary>
    public BestEpoch? Best { get; init; }

    /// <summary>
    /// Mean loss of the last measurement: validation, or training where there is none. NaN before the first epoch's end.
    /// </summary>
    public double LastLoss { get; init; } = double.NaN;

    /// <summary>The lowest <see cref="LastLoss"/> so far.</summary>
    public double LowestLoss { get; init; } = double.PositiveInfinity;

    /// <summary>
    /// Whether the weights are worth going on from: no mean loss, of the last measurement or of the open epoch, is above twice the lowest
    /// so far, or twice that of a network that guesses where this is larger.
    /// </summary>
    /// <param name="classes">Classes of the network; a guess has a cross-entropy of ln(classes).</param>
    public bool IsGood(int classes)
    {
        double limit = 2 * Math.Max(Math.Log(classes), double.IsFinite(LowestLoss) ? LowestLoss : 0);
        double open = EpochImages > 0 ? EpochLoss / EpochImages : 0;
        return open <= limit && (double.IsNaN(LastLoss) || LastLoss <= limit);
    }
}
