using System.Diagnostics;
using System.Xml.Linq;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Training;
using GpuCnn.Engine.Tuning;

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

    /// <summary>Share of training's time that measuring layers at its end may take.</summary>
    private const double MeasuringShare = 0.01;

    private readonly StepLog _steps = new();
    private Judgement? _judged, _judging;
    private int _epoch, _judgedEpoch;
    private double _cost = FirstCost;
    private long _begun, _written, _writtenStep;
    private double _speed;
    private StepTimes? _times;
    private IReadOnlyList<XElement>? _samples;
    private bool _hasFailed;

    /// <summary>Takes up what the run wrote before it was interrupted.</summary>
    public void Begin()
    {
        _begun = _written = Stopwatch.GetTimestamp();
        Try(() => _steps.Continue(directory.Path, run.Step));
    }

    /// <summary>Writes the last report.</summary>
    /// <param name="isComplete">Whether there is time to measure layers: nobody waits for the process to end.</param>
    public void End(bool isComplete)
    {
        if (run.Step == 0) return;
        if (isComplete && IsMeasuringCheap) MeasureLayers();
        if (_writtenStep == run.Step && _times is null) return;
        Try(SaveTables);
        Write();
    }

    public void StepDone(in StepReport report)
    {
        _steps.Add(report);
        _speed = report.ImagesPerSecond;
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

    /// <summary>Whether measuring layers, a second and four steps, takes a small share of the time that training took.</summary>
    private bool IsMeasuringCheap => _speed > 0
        && 1 + 4 * run.Settings.Batch / _speed < MeasuringShare * Stopwatch.GetElapsedTime(_begun).TotalSeconds;

    private void MeasureLayers()
    {
        try
        {
            _times = StepTimes.MeasureTraining(run.Model.Network, run.Model.Device, run.Settings, run.Config.Algorithms, fewest: 1);
        }
        catch (GpuCnnException)
        {
            // Beside the run's own memory there may be no room for it.
        }
    }

    private void Write()
    {
        long start = Stopwatch.GetTimestamp();
        Try(() => Report().Save(Path.Combine(directory.Path, RunReport.FileName), directory.Path));
        (_written, _writtenStep) = (Stopwatch.GetTimestamp(), run.Step);
        _cost = Stopwatch.GetElapsedTime(start, _written).TotalSeconds;
    }

    private RunReport Report()
    {
        PixelImage? filters = FirstFilters.Draw(run.Model.Network, run.Model.Store(), out string layer);
        _samples ??= TrainingSamples.Of(run.Data.Training, run.Model.Input, run.Model.Preparation,
            Augmentation.Parse(run.Config.Augmentation), run.Settings.Seed);
        return new(RunLog.Read(directory.Path) with { Steps = _steps.Rows })
        {
            Command = run.Command?.Invoke(run.Config),
            Judged = _judged,
            Split = run.Data.Validation,
            JudgedBy = $"epoch {_judgedEpoch}",
            Filters = filters,
            FilterLayer = layer,
            Samples = _samples,
            Times = _times,
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
