using System.Diagnostics;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Schedules;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Trains a network on a data set: steps, epochs, validation, checkpoints. The same seed gives the same weights bit for bit on the same
/// kind of device, even if the run is stopped and resumed at any step. Several ranks, each with a trainer of its own, train together on
/// their shares of each batch; the settings' batch is that of all of them, and rank 0 alone has a folder.
/// </summary>
public sealed partial class Trainer : IDisposable
{
    private readonly IDataset _training;
    private readonly IDataset? _validation;
    private readonly TrainingSettings _settings;
    private readonly RunDirectory? _run;
    private readonly ParameterStore _parameters;
    private readonly bool _ownsParameters;
    private readonly RankedTraining _ranks;
    private readonly TrainingPlans _plans;
    private readonly RunningSchedule _schedule;
    private readonly RateGuard _guard;
    private readonly CheckpointWriter _writer;
    private readonly SessionLimit _limit;
    private readonly long _stepsPerEpoch, _totalSteps, _scheduleSteps;

    // After the last step whose results are known.
    private TrainingState _at;

    // Rate of that step.
    private float _rate;

    // Steps whose results are not known yet, the oldest first, with their rates.
    private readonly Queue<(Plan Plan, float Rate)> _pending = new(2);

    // Seconds of the open epoch's steps in this session, and the part of them spent waiting for images.
    private double _stepSeconds, _waitSeconds;

    // When the time of the next step begins.
    private long _mark;

    // When the last checkpoint was written.
    private long _saved = Stopwatch.GetTimestamp();
    private readonly List<string> _unreadable = [];

    /// <summary>Trains its own parameters.</summary>
    /// <param name="run">Folder for checkpoints, metrics and final weights, which the trainer disposes of; null writes nothing.</param>
    /// <param name="algorithms">Algorithms by problem, for problems with several on the device.</param>
    /// <param name="clock">Clock of the time limit; null is the system's.</param>
    /// <param name="ranks">Ranks that train together, each with a trainer; null is a process by itself.</param>
    /// <exception cref="GpuCnnException">The settings, the data and the network do not match.</exception>
    public Trainer(
        Network network, Device device, IDataset training, IDataset? validation, TrainingSettings settings, ModelMetadata metadata,
        RunDirectory? run, IReadOnlyDictionary<string, string>? algorithms = null, TimeProvider? clock = null, Communicator? ranks = null)
        : this(device.CreateParameters(Checked(network, training, settings), training: true), training, validation, settings, metadata, run,
            algorithms, clock, ranks) =>
        _ownsParameters = true;

    /// <summary>Trains parameters that outlive the trainer, from their current values.</summary>
    /// <param name="run">Folder for checkpoints, metrics and final weights, which the trainer disposes of; null writes nothing.</param>
    /// <param name="algorithms">Algorithms by problem, for problems with several on the device.</param>
    /// <param name="clock">Clock of the time limit; null is the system's.</param>
    /// <param name="ranks">Ranks that train together, each with a trainer; null is a process by itself.</param>
    /// <exception cref="GpuCnnException">The settings, the data and the network do not match.</exception>
    public Trainer(
        ParameterStore parameters, IDataset training, IDataset? validation, TrainingSettings settings, ModelMetadata metadata,
        RunDirectory? run, IReadOnlyDictionary<string, string>? algorithms = null, TimeProvider? clock = null, Communicator? ranks = null)
    {
        Checked(parameters.Network, training, settings);
        _ranks = new(ranks ?? Communicator.Alone, parameters, settings.Accumulate);
        if (run is not null && !_ranks.Ranks.IsFirst) throw new ArgumentException("Only rank 0 has a folder.", nameof(run));
        if (settings.EarlyStop > 0 && validation is null)
            throw new SettingConflictException(
                "Stopping early expects images to validate on, but the data set keeps none apart.", ["early-stop"]);
        _training = training;
        _validation = validation;
        _settings = settings;
        _run = run;
        _stepsPerEpoch = training.Count / settings.EffectiveBatch;
        _totalSteps = settings.Steps ?? settings.Epochs * _stepsPerEpoch;
        _scheduleSteps = settings.ScheduleSteps ?? Math.Max(_totalSteps, settings.Epochs * _stepsPerEpoch);
        _guard = new(settings.EffectiveBatch, training.Classes.Count);
        _writer = new(run, metadata, parameters, settings.Optimizer, settings.Keep, settings.Ema > 0);
        _limit = new(settings.TimeLimit?.Time, clock ?? TimeProvider.System,
            (double)(validation?.Count ?? 0) / settings.EffectiveBatch * (settings.Ema > 0 ? 2 : 1));
        _schedule = settings.Schedule.Start();
        _parameters = parameters;
        _plans = new(parameters, settings, Weighted(settings, training), validation?.Count, algorithms, _ranks.Ranks);
        _at = new(0) { Schedule = _schedule.State, Guard = _guard.State };
    }

    /// <summary>The loss of training, with the weights of the classes.</summary>
    internal static Loss Weighted(TrainingSettings settings, IDataset training)
    {
        if (settings.ClassWeights is not { } weights) return settings.Loss;
        IReadOnlyList<int> images = training.CountPerClass ?? throw new GpuCnnException(
            $"Class weights expect a data set that knows its images of each class, but got {training.Description}.");
        return settings.Loss.Weighted(weights.For(images));
    }

    private static Network Checked(Network network, IDataset training, TrainingSettings settings)
    {
        settings.Check();
        TrainingSize.CheckBatch(settings, training.Count);
        if (settings.BalancedSampling != training.DrawsClassesEvenly)
            throw new ArgumentException(
                $"The settings ask for {(settings.BalancedSampling ? "" : "no ")}balanced sampling, but the data set is opened otherwise.",
                nameof(training));
        if (settings.UnfreezeAt > 0 && !network.Parameters.Any(parameter => parameter.IsLate))
            throw new SettingConflictException(
                "Training frozen parameters from an epoch on expects that some are frozen, but all are trained.", ["unfreeze-at"]);
        if (settings.HeadLearningRate is not null && !network.Parameters.Any(parameter => parameter is { IsHead: true, IsTrained: true }))
            throw new SettingConflictException(
                $"A learning rate of the class layer expects that it is trained, but "
                + $"{string.Join(" and ", network.Parameters.Where(parameter => parameter.IsHead).Select(parameter => parameter.Path))} "
                + "are frozen.", ["head-lr"]);
        return training.Classes.Count == network.Output.Shape.Count ? network : throw new GpuCnnException(
            $"{network.Name} was built for {network.Output.Shape} classes, but the data set has {training.Classes.Count}.");
    }

    public ParameterStore Parameters => _parameters;

    /// <summary>Chosen algorithms by problem, for problems with several on the device: another run needs them for the same bits.</summary>
    public IReadOnlyDictionary<string, string> Algorithms => _plans.Algorithms;

    /// <summary>Pieces in which ranks sum the gradients; 0 for a process by itself.</summary>
    public int GradientPieces => _plans.GradientPieces;

    /// <summary>Bytes on the device during the run.</summary>
    public long DeviceBytes => _plans.DeviceBytes;

    /// <summary>Returns the largest smaller batch that can be trained in <paramref name="bytes"/>, or 0.</summary>
    public int LargestBatch(long bytes) => _plans.LargestBatch(bytes);

    public long StepsPerEpoch => _stepsPerEpoch;

    public long TotalSteps => _totalSteps;

    /// <summary>Steps whose results are known.</summary>
    public long Step => _at.Step;

    /// <summary>The best epoch so far; null without validation.</summary>
    public BestEpoch? Best => _at.Best;

    /// <summary>Whether nothing is left to train: all steps are done, or validation has not become better for long enough.</summary>
    public bool IsFinished => _at.Step >= _totalSteps || IsStoppedEarly;

    /// <summary>Why <see cref="Resume"/> passed over newer checkpoints: a message for each, the newest first.</summary>
    public IReadOnlyList<string> Unreadable => _unreadable;

    /// <summary>Draws the initial weights.</summary>
    public void Initialize() => _parameters.Initialize(_settings.Seed);

    /// <summary>
    /// Trains to the end, to the time limit or until cancelled; a cancelled run first saves a checkpoint.
    /// </summary>
    /// <exception cref="TrainingDivergedException">The loss is not finite. The last good checkpoint remains.</exception>
    /// <exception cref="UnreadableDataException">Images cannot be read. The completed steps are saved, as for a cancellation.</exception>
    public TrainingOutcome Run(ITrainingObserver observer, CancellationToken cancellation)
    {
        EpochReport? last = null;
        _rate = RateAt(Math.Max(0, _at.Step - 1));
        int mostPending = _ranks.Least(_plans.MostPending);
        if (_at.Step == 0) _ranks.ShareStart();
        _limit.Start();
        if (IsEpochOpen && IsEpochEnd(_at.Step) && (last = EndEpoch(observer, cancellation)) is null) return Interrupt(observer, last);
        using var batches = new BatchesAhead(
            _training.ReadTraining(_settings.EffectiveBatch, _settings.Seed, _at.Step, _ranks.Shard));
        _mark = Stopwatch.GetTimestamp();
        while (!IsFinished)
        {
            bool isTimeUp = _limit.IsReached(_pending.Count);
            _limit.Begin();
            StepStart start = Guard(
                () => _ranks.Begin(batches.Next, cancellation.IsCancellationRequested, isTimeUp, IsSaveTime), observer);
            if (start.Stops || start.IsTimeUp) ReadResults(0, observer);
            if (start.Stops) return Interrupt(observer, last);
            if (start.IsTimeUp) return EndInTime(observer, last, cancellation);
            long step = _at.Step + _pending.Count;
            Begin(start.Batch!, step, step + 1 < _totalSteps ? batches.ReadAhead : null);
            // What follows from the losses, and what is saved, is that of the last step: no other may have begun.
            bool isEpochEnd = IsEpochEnd(step + 1), isSaveDue = IsSaveDue(step + 1) || start.IsSaveDue;
            bool isLast = isEpochEnd || isSaveDue || WaitsForGuard(step + 1) || !batches.IsMeasured;
            int left = isLast ? 0 : mostPending - 1;
            BatchResult? result = _pending.Count > left ? EndOldest() : null;
            _waitSeconds += batches.EndStep();
            _limit.EndStep();
            if (result is { } known) Know(known, observer);
            ReadResults(left, observer);
            if (isEpochEnd)
            {
                last = EndEpoch(observer, cancellation);
                if (last is null) return Interrupt(observer, last);
            }
            if (isSaveDue) Save(observer);
            if (_pending.Count == 0) _mark = Stopwatch.GetTimestamp();
        }
        return Finish(IsStoppedEarly && _at.Step < _totalSteps ? TrainingEnd.StoppedEarly : TrainingEnd.Completed, observer, last);
    }

    public void Dispose()
    {
        _plans.Dispose();
        if (_ownsParameters) _parameters.Dispose();
        _run?.Dispose();
    }

    /// <summary>Whether the last of a number of steps was the last of its epoch or of the run.</summary>
    private bool IsEpochEnd(long steps) => steps > 0 && (steps % _stepsPerEpoch == 0 || steps == _totalSteps);

    /// <summary>Whether a checkpoint is due by steps or by the epoch's end.</summary>
    private bool IsSaveDue(long steps) => _settings.SaveEvery == 0 ? IsEpochEnd(steps) : steps % _settings.SaveEvery == 0;

    /// <summary>Whether the last of a number of steps is in the first epoch, where its loss may change the rates of later ones.</summary>
    private bool IsGuarded(long steps) => steps <= _stepsPerEpoch;

    /// <summary>Whether the loss of the last of a number of steps may change the rate of the next one.</summary>
    private bool WaitsForGuard(long steps) => !_guard.IsLate && IsGuarded(steps);

    /// <summary>Whether a checkpoint is due by the clock.</summary>
    private bool IsSaveTime =>
        _settings.SaveEveryMinutes > 0 && Stopwatch.GetElapsedTime(_saved).TotalMinutes >= _settings.SaveEveryMinutes;

    /// <summary>Whether the epoch has steps without metrics yet.</summary>
    private bool IsEpochOpen => _at.EpochSeconds > 0;

    private bool IsStoppedEarly => _settings.EarlyStop > 0 && _at.Best is { } best
        && _at.Step - best.Step >= _settings.EarlyStop * _stepsPerEpoch;

    private float RateAt(long step) => _guard.FactorAt(step) * _settings.LearningRate
        * _schedule.FactorAt(new(step, _stepsPerEpoch, _scheduleSteps) { BaseRate = _settings.LearningRate });

    private long ImagesOfOpenEpoch(long step) => ((step - 1) % _stepsPerEpoch + 1) * _settings.EffectiveBatch;

    private TrainingOutcome Interrupt(ITrainingObserver observer, EpochReport? last) =>
        Outcome(TrainingEnd.Interrupted, Save(observer), last);

    /// <summary>Ends at the time limit. Within an epoch, the part of it is validated and stays open.</summary>
    private TrainingOutcome EndInTime(ITrainingObserver observer, EpochReport? last, CancellationToken cancellation)
    {
        if (!IsEpochEnd(_at.Step) && (last = EndEpoch(observer, cancellation)) is null) return Interrupt(observer, last);
        return Finish(TrainingEnd.TimeLimit, observer, last);
    }

    private TrainingOutcome Finish(TrainingEnd end, ITrainingObserver observer, EpochReport? last)
    {
        Save(observer);
        if (_run is null && _ranks.Ranks.IsFirst) CheckFinite();
        return Outcome(end, _ranks.OnFirst(_writer.SaveFinal), last);
    }

    private TrainingOutcome Outcome(TrainingEnd end, string? weights, EpochReport? last) => new(end, weights, last, _at.Step)
    {
        Best = _at.Best,
        BestPath = _at.Best is null ? null : _run?.BestPath,
        RateFactor = _guard.Factor,
    };

    private StepReport Report(double batchLoss)
    {
        long inEpoch = (_at.Step - 1) % _stepsPerEpoch + 1;
        // A batch without a readable image counts none.
        double images = Math.Max(1, _at.EpochImages);
        int epoch = (int)((_at.Step - 1) / _stepsPerEpoch) + 1, epochs = (int)((_totalSteps + _stepsPerEpoch - 1) / _stepsPerEpoch);
        return new(
            epoch, epochs, _at.Step, _totalSteps, inEpoch, _stepsPerEpoch, _rate, _at.EpochLoss / images,
            _at.EpochTop1 / images, batchLoss, _at.EpochImages / _at.EpochSeconds)
        {
            WaitingShare = _stepSeconds > 0 ? _waitSeconds / _stepSeconds : 0,
        };
    }

    /// <summary>
    /// Validates, writes the metrics and closes the epoch. Where the run's last step is within an epoch, that stays open: a longer run goes
    /// on with its sums. Returns null if cancelled; the run does it when it resumes.
    /// </summary>
    private EpochReport? EndEpoch(ITrainingObserver observer, CancellationToken cancellation)
    {
        StepReport report = Report(0);
        EvaluationResult? validation = null, average = null;
        if (_plans.Validation is { } judging)
        {
            observer.Validating(report.Epoch);
            _ranks.ShareStatistics();
            _limit.Begin();
            try
            {
                ImageJudged? judged = observer.Judging(report.Epoch);
                validation = Guard(() => Evaluation.Run(judging, _validation!, cancellation, judged: judged, ranks: _ranks.Ranks),
                    observer);
                if (_plans.Average is { } averaged)
                    average = Guard(() => Evaluation.Run(averaged, _validation!, cancellation, ranks: _ranks.Ranks), observer);
                _limit.EndValidation();
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
        _ranks.CheckEqual(_at.Step);
        foreach (IDataset images in _validation is null ? [_training] : new[] { _training, _validation })
            images.ShareUnreadable(_ranks.Ranks);
        double loss = validation?.Loss ?? report.EpochLoss;
        _at = _at with
        {
            Seconds = _at.Seconds + (validation?.Seconds ?? 0) + (average?.Seconds ?? 0),
            LastLoss = double.IsFinite(loss) ? loss : double.PositiveInfinity,
            LowestLoss = Math.Min(_at.LowestLoss, double.IsNaN(loss) ? double.PositiveInfinity : loss),
        };
        if (_at.Step % _stepsPerEpoch == 0)
        {
            _schedule.EndEpoch(1 - (validation?.Top1 ?? report.EpochTop1));
            _at = _at with { Schedule = _schedule.State, EpochLoss = 0, EpochTop1 = 0, EpochImages = 0, EpochSeconds = 0 };
        }
        if (validation is not null && IsBetter(validation, _at.Best))
        {
            _at = _at with { Best = new(report.Epoch, _at.Step, validation.Top1, validation.Loss) };
            _ranks.OnFirst(_writer.SaveBest);
        }
        var epoch = new EpochReport(report.Epoch, _at.Step, _rate, report.EpochLoss, report.EpochTop1, validation, report.ImagesPerSecond,
            _at.Seconds)
        { WaitingShare = report.WaitingShare, AverageValidation = average };
        (_stepSeconds, _waitSeconds) = (0, 0);
        _run?.AppendMetrics(epoch);
        observer.EpochDone(epoch);
        return epoch;
    }

    private static bool IsBetter(EvaluationResult validation, BestEpoch? best) => double.IsFinite(validation.Loss)
        && (best is null || validation.Top1 > best.Top1 || validation.Top1 == best.Top1 && validation.Loss < best.Loss);
}
