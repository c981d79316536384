using System.Diagnostics;
using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Engine.Training;

namespace GpuCnn.Reports;

/// <summary>
/// Writes a run's report as it goes, and tells its own observer what it is told. It takes no part in training: whatever fails here is said
/// once, and training goes on.
/// </summary>
internal sealed class RunReporter(TrainingRun run, RunDirectory directory, ITrainingObserver observer) : ITrainingObserver
{
    /// <summary>Time between two reports, at least: in seconds, and in times of what one costs.</summary>
    private const double LeastPause = 10, PauseByCost = 100;

    /// <summary>Seconds that a report is taken to cost before the first is written: it loads the libraries that draw.</summary>
    private const double FirstCost = 0.5;

    private readonly StepLog _steps = new();
    private Judgement? _judged, _judging;
    private int _epoch, _judgedEpoch;
    private double _cost = FirstCost;
    private long _written = Stopwatch.GetTimestamp();
    private IReadOnlyList<XElement>? _samples;
    private bool _hasFailed;

    /// <summary>Takes up what the run wrote before it was interrupted.</summary>
    public void Begin() => Try(() => _steps.Continue(directory.Path, run.Step));

    /// <summary>Writes the last report.</summary>
    public void End()
    {
        if (run.Step == 0) return;
        Try(SaveTables);
        Write();
    }

    public void StepDone(in StepReport report)
    {
        _steps.Add(report);
        observer.StepDone(report);
    }

    public void RateHalved(long step, double loss, float factor) => observer.RateHalved(step, loss, factor);

    public void Validating(int epoch)
    {
        _epoch = epoch;
        observer.Validating(epoch);
    }

    public ImageJudged? Judging(int epoch)
    {
        ImageJudged? other = observer.Judging(epoch);
        _judging = new(run.Model.Classes);
        ImageJudged own = _judging.Add;
        return other is null ? own : own + other;
    }

    public void EpochDone(EpochReport report)
    {
        if (report.Validation is not null && _judging is not null) (_judged, _judgedEpoch, _judging) = (_judging, _epoch, null);
        observer.EpochDone(report);
        if (Stopwatch.GetElapsedTime(_written).TotalSeconds > Math.Max(LeastPause, PauseByCost * _cost)) Write();
    }

    public void CheckpointSaved(string path)
    {
        Try(SaveTables);
        observer.CheckpointSaved(path);
    }

    public void ReportFailed(string message) => observer.ReportFailed(message);

    private void SaveTables()
    {
        _steps.Save(directory.Path);
        ResultsFile.Save(directory.Path, RunLog.Read(directory.Path).Epochs);
    }

    private void Write()
    {
        long start = Stopwatch.GetTimestamp();
        Try(() => Report().Save(Path.Combine(directory.Path, RunReport.FileName), directory.Path));
        _written = Stopwatch.GetTimestamp();
        _cost = Stopwatch.GetElapsedTime(start, _written).TotalSeconds;
    }

    private RunReport Report()
    {
        PixelImage? filters = FirstFilters.Draw(run.Model.Network, run.Model.Store(), out string layer);
        _samples ??= TrainingSamples.Of(run.Data.Training, run.Model.Input, run.Model.Preparation,
            Augmentation.Parse(run.Config.Augmentation), run.Settings.Seed);
        return new(RunLog.Read(directory.Path) with { Steps = _steps.Rows })
        {
            Command = run.Command,
            Judged = _judged,
            Split = run.Data.Validation,
            JudgedBy = $"epoch {_judgedEpoch}",
            Filters = filters,
            FilterLayer = layer,
            Samples = _samples,
            DeviceBytes = run.DeviceBytes,
        };
    }

    private void Try(Action act)
    {
        try
        {
            act();
        }
        // Whatever it is, it is no reason to stop a run.
        catch (Exception exception)
        {
            if (_hasFailed) return;
            _hasFailed = true;
            observer.ReportFailed($"The run's report cannot be written, training goes on: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }
}
