using GpuCnn.Data;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Training;
using GpuCnn.Protobuf;
using GpuCnn.Reports;
using GpuCnn.Runs;

namespace GpuCnn.TensorBoard;

/// <summary>
/// Writes a run's event file as it goes, and tells its own observer what it is told. It takes no part in training: if the file cannot be
/// written, it says so once, and training goes on.
/// </summary>
internal sealed class EventLog : ITrainingObserver, IDisposable
{
    /// <summary>Points of an epoch in the curves of steps.</summary>
    private const int PointsPerEpoch = 100;

    private readonly ParameterStore _parameters;
    private readonly TensorBoardOptions _options;
    private readonly ITrainingObserver _observer;
    private ImageSplit? _validation;
    private IReadOnlyList<string> _classes = [];
    private EventFile? _file;
    private Judgement? _judged;

    /// <param name="open">Creates the event file.</param>
    /// <param name="parameters">Those of the run's network.</param>
    public EventLog(Func<EventFile> open, ParameterStore parameters, TensorBoardOptions options, ITrainingObserver observer)
    {
        _parameters = parameters;
        _options = options;
        _observer = observer;
        Try(() => _file = open());
    }

    /// <summary>Creates a file in a run's folder, and says in it what the run is.</summary>
    /// <param name="step">Steps done: what earlier files have beyond them is to be dropped.</param>
    /// <param name="command">The command that repeats the run, if any.</param>
    /// <param name="validation">Images that the run is validated on, for pictures of mistakes; null shows none.</param>
    public static EventLog Begin(
        string folder, RunConfig config, ParameterStore parameters, long step, string? command, ImageSplit? validation,
        ITrainingObserver observer)
    {
        bool goesOn = false;
        var log = new EventLog(
            () =>
            {
                goesOn = Directory.EnumerateFiles(folder, $"{EventFile.Prefix}*").Any();
                return EventFile.Create(folder);
            },
            parameters, config.TensorBoard ?? new(), observer)
        { _validation = validation, _classes = config.Classes };
        log.Begin(goesOn, config, step, command);
        return log;
    }

    private void Begin(bool goesOn, RunConfig config, long step, string? command)
    {
        if (_file is null) return;
        Try(() =>
        {
            if (goesOn) _file.WriteStart(step + 1);
            _file.Write(step, RunParameters.Start(config));
            _file.Write(step, RunParameters.Configuration(config));
            if (command is not null) _file.Write(step, RunParameters.Command(command));
            _file.Flush();
        });
    }

    public void StepDone(in StepReport report)
    {
        long every = Math.Max(1, report.StepsPerEpoch / PointsPerEpoch);
        if (_file is not null && (report.StepsInEpoch % every == 0 || report.StepsInEpoch == report.StepsPerEpoch))
        {
            (long step, double loss, double rate) = (report.Step, report.BatchLoss, report.LearningRate);
            Try(() => _file.Write(step, Summary.Scalar("train/step_loss", loss), Summary.Scalar("learning_rate", rate)));
        }
        _observer.StepDone(report);
    }

    public void RateHalved(long step, double loss, float factor) => _observer.RateHalved(step, loss, factor);

    public void Validating(int epoch) => _observer.Validating(epoch);

    public ImageJudged? Judging(int epoch)
    {
        _judged = _file is not null && _validation is not null && IsDetailed(epoch) ? new(_classes) : null;
        ImageJudged? other = _observer.Judging(epoch);
        return _judged is null ? other : _judged.Add + other;
    }

    public void EpochDone(EpochReport report)
    {
        if (_file is not null)
        {
            Try(() =>
            {
                _file.Write(report.Step, [.. Scalars(report)]);
                if (IsDetailed(report.Epoch))
                {
                    WriteHistograms(_file, report.Step);
                    _file.Write(report.Step, [.. Pictures()]);
                }
                _file.Flush();
            });
        }
        _observer.EpochDone(report);
    }

    public void CheckpointSaved(string path) => _observer.CheckpointSaved(path);

    public void ReportFailed(string message) => _observer.ReportFailed(message);

    /// <summary>Says how the run ended.</summary>
    public void End(bool isComplete, long step) => Try(() =>
    {
        _file?.Write(step, RunParameters.End(isComplete));
        _file?.Flush();
    });

    public void Dispose() => Try(() => _file?.Dispose());

    private bool IsDetailed(int epoch) => _options.Histograms > 0 && epoch % _options.Histograms == 0;

    private IEnumerable<ProtobufMessage> Pictures()
    {
        if (FirstFilters.Draw(_parameters.Network, _parameters, out string layer) is { } filters)
            yield return Summary.Image($"filters/{layer}", filters);
        if (_judged is null || _validation is null) yield break;
        foreach (ProtobufMessage mistake in MistakePictures.Of(_judged, _validation)) yield return mistake;
    }

    private static IEnumerable<ProtobufMessage> Scalars(EpochReport report)
    {
        yield return Summary.Scalar("train/loss", report.TrainLoss);
        yield return Summary.Scalar("train/top1", report.TrainTop1);
        foreach ((string name, EvaluationResult? result) in new[] { ("val", report.Validation), ("ema", report.AverageValidation) })
        {
            if (result is null) continue;
            yield return Summary.Scalar($"{name}/loss", result.Loss);
            yield return Summary.Scalar($"{name}/top1", result.Top1);
            yield return Summary.Scalar($"{name}/top5", result.Top5);
        }
        yield return Summary.Scalar("epoch", report.Epoch);
        yield return Summary.Scalar("throughput/images_per_second", report.ImagesPerSecond);
        yield return Summary.Scalar("throughput/waiting_share", report.WaitingShare);
    }

    /// <summary>Writes the weights, and the gradients of the last batch where they are trained.</summary>
    private void WriteHistograms(EventFile file, long step)
    {
        foreach (Parameter parameter in _parameters.Network.Learned)
        {
            Write($"weights/{parameter.Path}", _parameters.GetWeights(parameter).Values);
            if (parameter.IsTrained) Write($"gradients/{parameter.Path}", _parameters.GetGradient(parameter).Values);
        }

        void Write(string tag, float[] values)
        {
            if (Summary.Histogram(tag, values) is { } histogram) file.Write(step, histogram);
        }
    }

    private void Try(Action write)
    {
        try
        {
            write();
        }
        // Whatever it is, it is no reason to stop a run.
        catch (Exception exception)
        {
            EventFile? failed = _file;
            _file = null;
            try
            {
                failed?.Dispose();
            }
            catch (IOException)
            {
                // The disk is still full.
            }
            _observer.ReportFailed(
                $"TensorBoard's event file cannot be written, training goes on: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }
}
