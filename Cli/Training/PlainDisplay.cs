using GpuCnn.Cli.Output;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>
/// Writes lines for a file or a pipe: one per epoch. Within an epoch that takes longer there is one after the first minute, which says how
/// long the run will take, and one every ten minutes, as often as a checkpoint is due: a log of a day has about as many as a screen shows
/// in a few pages, and still tells a run that goes on from one that hangs.
/// </summary>
internal sealed class PlainDisplay(TextWriter output, TimeProvider? clock = null) : TrainingDisplay(clock)
{
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1), Pause = TimeSpan.FromMinutes(10);

    private long _lastLine;
    private bool _hasLine;

    public override void StepDone(in StepReport report)
    {
        base.StepDone(report);
        if (report.StepsInEpoch == report.StepsPerEpoch || Clock.GetElapsedTime(_lastLine) < (_hasLine ? Pause : First)) return;
        WriteLine($"epoch {report.Epoch}/{report.Epochs}  step {report.StepsInEpoch}/{report.StepsPerEpoch}  loss {report.EpochLoss:0.000} "
            + $" {Top1} {Words.Percent(report.EpochTop1)}  "
            + $"{Words.Rate(report.ImagesPerSecond)} images/s  {Words.Clock(Remaining(report))} left{Waiting(report.WaitingShare)}");
    }

    public override void EpochDone(EpochReport report) => WriteLine(EpochLine(report));

    public override void Stopping(string what) => WriteLine(what);

    protected override TrainingOutcome Show(Func<ITrainingObserver, TrainingOutcome> train)
    {
        _lastLine = Clock.GetTimestamp();
        return train(this);
    }

    protected override void WriteLine(string line)
    {
        output.WriteLine(line);
        // A file shows it now, not when the buffer is full.
        output.Flush();
        _lastLine = Clock.GetTimestamp();
        _hasLine = true;
    }
}
