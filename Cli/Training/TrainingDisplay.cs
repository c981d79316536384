using GpuCnn.Cli.Output;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>Shows how a run goes.</summary>
internal abstract class TrainingDisplay : ITrainingObserver
{
    private readonly TimeProvider _clock;
    private long _start, _firstStep;
    // A smaller share is not worth showing.
    private const double LeastWaiting = 0.05;

    private int _epochs;

    protected TrainingDisplay(TimeProvider? clock) => _clock = clock ?? TimeProvider.System;

    /// <summary>Time limit of the session; null has none.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Whether training images are blends of two, so that their top-1 counts the label of the larger share.</summary>
    public bool IsMixed { get; init; }

    /// <summary>Runs <paramref name="train"/> and shows what it reports.</summary>
    /// <param name="firstStep">Steps done before.</param>
    public TrainingOutcome Run(Func<ITrainingObserver, TrainingOutcome> train, long firstStep)
    {
        _start = _clock.GetTimestamp();
        _firstStep = firstStep;
        return Show(train);
    }

    public virtual void StepDone(in StepReport report) => _epochs = report.Epochs;

    public virtual void Validating(int epoch) { }

    public void RateHalved(long step, double loss, float factor) => WriteLine(FormattableString.Invariant(
        $"step {step}: the loss has risen tenfold, to {loss:0.00}; the learning rate is halved from here on, to {factor} of what it was"));

    public abstract void EpochDone(EpochReport report);

    public void CheckpointSaved(string path) { }

    public void ReportFailed(string message) => WriteLine(message);

    /// <summary>Shows that the run is stopping. Comes from another thread.</summary>
    public abstract void Stopping(string what);

    /// <summary>Writes a line that stays.</summary>
    protected abstract void WriteLine(string line);

    protected abstract TrainingOutcome Show(Func<ITrainingObserver, TrainingOutcome> train);

    protected TimeProvider Clock => _clock;

    /// <summary>Seconds until the end at the pace of this session, validation included, or until the time limit.</summary>
    protected double Remaining(in StepReport report)
    {
        double elapsed = _clock.GetElapsedTime(_start).TotalSeconds;
        double remaining = elapsed / (report.Step - _firstStep) * (report.TotalSteps - report.Step);
        return Limit is { } limit ? Math.Min(remaining, Math.Max(0, limit.TotalSeconds - elapsed)) : remaining;
    }

    protected string EpochLine(EpochReport report)
    {
        string epochs = _epochs > 0 ? $"{report.Epoch.ToString().PadLeft(_epochs.ToString().Length)}/{_epochs}" : $"{report.Epoch}";
        string validation = report.Validation is { } v ? $"  val loss {v.Loss:0.000}  val top-1 {Words.Percent(v.Top1),7}" : "";
        if (report.AverageValidation is { } a) validation += $"  ema loss {a.Loss:0.000}  ema top-1 {Words.Percent(a.Top1),7}";
        return $"epoch {epochs}  loss {report.TrainLoss:0.000}  {Top1} {Words.Percent(report.TrainTop1),7}{validation}  "
            + $"{Words.Rate(report.ImagesPerSecond)} images/s  {Words.Clock(report.Seconds)}{Waiting(report.WaitingShare)}";
    }

    /// <summary>Name of the accuracy on training images.</summary>
    protected string Top1 => IsMixed ? "mixed top-1" : "top-1";

    /// <summary>"  waiting for data 38 %", or nothing for a small share.</summary>
    protected static string Waiting(double share) => share < LeastWaiting ? "" : $"  waiting for data {100 * share:0} %";
}
