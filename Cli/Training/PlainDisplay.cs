using System.Diagnostics;
using GpuCnn.Cli.Output;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>Writes lines for a file or a pipe: one per epoch, and one every few seconds within long epochs.</summary>
internal sealed class PlainDisplay(TextWriter output) : TrainingDisplay
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private long _lastLine;

    public override void StepDone(in StepReport report)
    {
        base.StepDone(report);
        if (report.StepsInEpoch == report.StepsPerEpoch || Stopwatch.GetElapsedTime(_lastLine) < Pause) return;
        WriteLine($"epoch {report.Epoch}/{report.Epochs}  step {report.StepsInEpoch}/{report.StepsPerEpoch}  loss {report.EpochLoss:0.000} "
            + $" {Top1} {Words.Percent(report.EpochTop1)}  "
            + $"{Words.Rate(report.ImagesPerSecond)} images/s  {Words.Clock(Remaining(report))} left{Waiting(report.WaitingShare)}");
    }

    public override void EpochDone(EpochReport report) => WriteLine(EpochLine(report));

    public override void Stopping(string what) => WriteLine(what);

    protected override TrainingOutcome Show(Func<ITrainingObserver, TrainingOutcome> train)
    {
        _lastLine = Stopwatch.GetTimestamp();
        return train(this);
    }

    protected override void WriteLine(string line)
    {
        output.WriteLine(line);
        _lastLine = Stopwatch.GetTimestamp();
    }
}
