using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Training;
using GpuCnn.Engine.Tuning;
using GpuCnn.Reports;
using GpuCnn.Runs;
using GpuCnn.TensorBoard;

namespace GpuCnn;

/// <summary>
/// A training run that is about to begin or to go on. <see cref="Model.Fit"/> and <see cref="Model.Resume(string, ResumeOptions?)"/>
/// prepare one and run it; by itself it shows the costs first. The model outlives it.
/// </summary>
public sealed class TrainingRun : IDisposable
{
    private readonly RunImages _images;
    private readonly Trainer _trainer;

    // What other ranks than 0, which has the folder, know of it.
    private bool _hasFolder, _isCompleteOnFirst;

    private TrainingRun(
        Model model, ImageData data, RunConfig config, RunDirectory? directory, BadImageLog badImages, Communicator ranks, HostShare share)
    {
        Model = model;
        Data = data;
        Ranks = ranks;
        Directory = directory;
        BadImages = badImages;
        Kept = config.Algorithms ?? new Dictionary<string, string>();
        _images = RunImages.Create(data.Located, config, badImages, share);
        try
        {
            _trainer = new(model.TrainingStore(config.Settings.Seed), _images.Training, _images.Validation, config.Settings,
                config.Metadata, directory, config.Algorithms, ranks: ranks);
        }
        catch
        {
            _images.Dispose();
            throw;
        }
        Config = config with { Algorithms = _trainer.Algorithms.Count == 0 ? null : _trainer.Algorithms };
    }

    public Model Model { get; }

    public ImageData Data { get; }

    public TrainingSettings Settings => Config.Settings;

    /// <summary>The processes that train together.</summary>
    public Communicator Ranks { get; }

    /// <summary>The folder of the run; null where it trains in memory alone, and on other ranks than 0.</summary>
    public RunDirectory? Directory { get; }

    /// <summary>The checkpoint that it goes on from; null where it begins.</summary>
    public string? ResumedFrom { get; private set; }

    /// <summary>Why newer checkpoints than <see cref="ResumedFrom"/> could not be read, the newest first.</summary>
    public IReadOnlyList<string> Unreadable => _trainer.Unreadable;

    /// <summary>Steps done.</summary>
    public long Step => _trainer.Step;

    public long StepsPerEpoch => _trainer.StepsPerEpoch;

    public long TotalSteps => _trainer.TotalSteps;

    /// <summary>
    /// The batch that was asked for, where the device's memory holds only a part of it: smaller ones are accumulated. 0 in a run that is
    /// resumed.
    /// </summary>
    public int AskedBatch { get; private set; }

    /// <summary>Bytes on the device while it runs.</summary>
    public long DeviceBytes => _trainer.DeviceBytes;

    /// <summary>Pieces in which ranks sum the gradients; 0 for a process by itself.</summary>
    public int GradientPieces => _trainer.GradientPieces;

    /// <summary>The most ranks that compute on the same GPU; 1 where each has one of its own, and on cpu.</summary>
    public int RanksOfADevice { get; private set; } = 1;

    /// <summary>Whether the run has come to its end, early or not, and the final weights are written.</summary>
    public bool IsComplete => _trainer.IsFinished && (Directory is null ? _isCompleteOnFirst : File.Exists(Directory.FinalPath));

    /// <summary>The best epoch so far; null without validation.</summary>
    public BestEpoch? Best => _trainer.Best;

    /// <summary>
    /// Share of the validation images that the weights a new run starts from were trained on, as far as that is known: they flatter it.
    /// </summary>
    public double ValidationSeenBefore { get; private set; }

    /// <summary>Images that could not be read.</summary>
    public BadImageLog BadImages { get; }

    internal RunConfig Config { get; }

    /// <summary>Spells the command that repeats the run, for its report; null where there is none.</summary>
    internal Func<RunConfig, string>? Command { get; set; }

    /// <summary>Algorithms by problem that the run was to take, as <c>tune</c> or its own configuration has them.</summary>
    internal IReadOnlyDictionary<string, string> Kept { get; }

    /// <summary>Algorithms by problem that it takes.</summary>
    internal IReadOnlyDictionary<string, string> Taken => _trainer.Algorithms;

    /// <summary>Trains to the end, or until cancelled.</summary>
    /// <exception cref="TrainingDivergedException">The loss is not finite. The last good checkpoint stays.</exception>
    /// <exception cref="UnreadableDataException">Images cannot be read. The steps done are saved where there is a folder.</exception>
    public TrainingOutcome Run(ITrainingObserver? observer = null, CancellationToken cancellation = default)
    {
        Ranks.Together(() =>
        {
            if (Step == 0) _trainer.CheckStart();
            if (Directory is null) return;
            Directory.WriteConfig(Config.ToJson());
            BadImages.WriteTo(Directory.Path);
        });
        // A run that began with weights of this process alone could not begin again without them.
        if (_hasFolder && Step == 0 && !Model.CanStartAgain) _trainer.SaveStart();
        Model.Use(Config.Validated, Config.Trained);
        if (observer is null || !Ranks.IsFirst) observer = new SilentObserver();
        RunReporter? reporter = Directory is null ? null : new(this, Directory, observer);
        reporter?.Begin();
        using EventLog? events = Directory is null || Config.TensorBoard is null ? null
            : EventLog.Begin(Directory.Path, Config, _trainer.Parameters, Step, Command?.Invoke(Config), Data.Validation,
                reporter ?? observer);
        bool isComplete = false;
        try
        {
            TrainingOutcome outcome = _trainer.Run(events ?? reporter ?? observer, cancellation);
            isComplete = outcome.End != TrainingEnd.Interrupted;
            return outcome;
        }
        finally
        {
            Model.Fitted();
            events?.End(isComplete, Step);
            reporter?.End(isComplete);
        }
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _images.Dispose();
        Directory?.Dispose();
    }

    /// <summary>A run that begins.</summary>
    internal static TrainingRun New(Model model, ImageData data, FitOptions options)
    {
        Communicator ranks = options.Ranks;
        ranks.Together(() => Check(model, data, options));
        DataAgreement.Check(data, ranks);
        if (options.UnfreezeAt > 0) model.TrainFrozenLate();
        int asked = options.Batch;
        if (options.FixedBatch)
            ranks.Together(() => TrainingSize.Check(model.Network, model.Device, options, data.Training.Count, ranks));
        else options = (FitOptions)TrainingSize.Fit(model.Network, model.Device, options, data.Training.Count, ranks);
        RunDirectory? directory = ranks.Together(() => options.Directory
            ?? (ranks.IsFirst && options.Folder is { } folder ? RunDirectory.Create(folder) : null));
        try
        {
            var badImages = new BadImageLog(options.BadImages);
            var share = HostShare.Of(ranks);
            RankedConfig.Check(ranks, RunConfig.Of(model, data, options));
            var devices = RankDevices.Of(ranks, model.Device);
            RunConfig config = RankedConfig.OfFirst(ranks, () =>
            {
                model.Preparation = model.Preparation.WithStatistics(data.Training, model.Input, badImages);
                return RunConfig.Of(model, data, options).WithImages(data) with
                {
                    RankDevices = devices?.Names,
                    Algorithms = AlgorithmTable.Load(model.Device).Algorithms,
                };
            });
            model.Preparation = model.Preparation with { Mean = config.Mean, Std = config.Std };
            double seen = config.Validated is { } validated && model.Trained is { } trained ? trained.ShareOf(validated) : 0;
            TrainingRun run = ranks.Together(() => Checked(
                new(model, data, config, directory, badImages, ranks, share)));
            run.ValidationSeenBefore = seen;
            run.AskedBatch = asked;
            run._hasFolder = RankedConfig.IsSoOnFirst(ranks, () => directory is not null);
            run.RanksOfADevice = devices?.MostOnOne ?? 1;
            return run;
        }
        catch
        {
            directory?.Dispose();
            throw;
        }
    }

    /// <summary>Runs a range test on the images and with the settings of a run that would begin.</summary>
    internal static LearningRateRange TestRange(
        Model model, ImageData data, FitOptions options, RangeTestOptions test, Action<RangePoint>? observer,
        CancellationToken cancellation)
    {
        Check(model, data, options);
        if (options.FixedBatch) TrainingSize.Check(model.Network, model.Device, options, data.Training.Count);
        else options = (FitOptions)TrainingSize.Fit(model.Network, model.Device, options, data.Training.Count);
        var badImages = new BadImageLog(options.BadImages);
        model.Preparation = model.Preparation.WithStatistics(data.Training, model.Input, badImages);
        using var images = RunImages.Create(data.Located, RunConfig.Of(model, data, options), badImages, HostShare.Whole);
        return LearningRateRange.Measure(
            model.TrainingStore(options.Seed), images.Training, options, test, AlgorithmTable.Load(model.Device).Algorithms, observer,
            cancellation);
    }

    /// <summary>A run that goes on, with a model of its own that its caller disposes of.</summary>
    internal static TrainingRun Open(string folder, ResumeOptions options, Layer? layers = null)
    {
        RunDirectory? directory = options.Ranks.Together(() => options.Ranks.IsFirst ? RunDirectory.Open(folder) : null);
        try
        {
            return Open(folder, directory, options, layers);
        }
        catch
        {
            directory?.Dispose();
            throw;
        }
    }

    /// <param name="directory">On rank 0 alone; others need not see the folder.</param>
    private static TrainingRun Open(string folder, RunDirectory? directory, ResumeOptions options, Layer? layers)
    {
        Communicator ranks = options.Ranks;
        RunConfig config = RankedConfig.OfFirst(ranks, () => RunConfig.Read(directory!));
        // Stopped before its first checkpoint, the run has nothing to lose: the seed begins it again as it was.
        bool hasCheckpoints = RankedConfig.IsSoOnFirst(ranks, () => directory!.Checkpoints().Any());
        int? threads = ThreadsFor(options, config);
        var share = HostShare.Of(ranks);
        Device device = ranks.Together(() => Device.Open(options.Device ?? DeviceFor(config, ranks),
            new() { Threads = threads, Share = share, Precision = config.Settings.Precision }));
        Model? model = null;
        try
        {
            var devices = RankDevices.Of(ranks, device);
            ImageData data = ranks.Together(() =>
            {
                ImageData opened = options.Data ?? Reopen(config, options, folder);
                if (directory is not null) RunData.Check(opened, config, directory);
                return opened;
            });
            DataAgreement.Check(data, ranks);
            model = ranks.Together(() => config.CreateModel(folder, hasCheckpoints, layers, device));
            if (config.Settings.UnfreezeAt > 0) model.TrainFrozenLate();
            config = Changed(config, options, data.Training.Count) with
            {
                Device = device.Name,
                DeviceDescription = device.Description,
                Threads = threads,
                Ranks = ranks.IsAlone ? null : ranks.Size,
                RankDevices = devices?.Names,
            };
            RankedConfig.Check(ranks, config);
            ranks.Together(() => TrainingSize.CheckShares(config.Settings, ranks));
            TrainingRun run = ranks.Together(() => Checked(
                new(model, data, config, directory, new BadImageLog(config.BadImages), ranks, share)));
            try
            {
                run._hasFolder = true;
                if (hasCheckpoints) run.ResumedFrom = run._trainer.Resume();
                else directory?.TrimMetrics(0);
                run.RanksOfADevice = devices?.MostOnOne ?? 1;
                run._isCompleteOnFirst = RankedConfig.IsSoOnFirst(ranks, () => run.IsComplete);
                ranks.Together(() =>
                {
                    if (run.Step > run.TotalSteps) throw new GpuCnnException(
                        $"The run in '{folder}' has done {run.Step} steps, more than the {run.TotalSteps} asked for; "
                        + "ask for more steps or epochs.");
                });
                return run;
            }
            catch
            {
                run.Dispose();
                throw;
            }
        }
        catch
        {
            model?.Dispose();
            if (model is null) device.Dispose();
            throw;
        }
    }

    /// <summary>Ranks have a device each of the run's kind.</summary>
    private static string DeviceFor(RunConfig config, Communicator ranks) =>
        ranks.IsAlone ? config.Device : DeviceCatalog.KindOf(config.Device);

    /// <summary>Threads belong to the device they were given with.</summary>
    private static int? ThreadsFor(ResumeOptions options, RunConfig config) =>
        options.Threads ?? (options.Device is null || options.Device == config.Device ? config.Threads : null);

    private static RunConfig Changed(RunConfig config, ResumeOptions options, int images)
    {
        TrainingSettings settings = config.Settings with
        {
            Epochs = options.Epochs ?? config.Settings.Epochs,
            Steps = options.Steps ?? (options.Epochs is not null ? null : config.Settings.Steps),
            SaveEvery = options.SaveEvery ?? config.Settings.SaveEvery,
            EarlyStop = options.EarlyStop ?? config.Settings.EarlyStop,
            TimeLimit = options.TimeLimit,
            SaveEveryMinutes = options.SaveEveryMinutes ?? config.Settings.SaveEveryMinutes,
            Keep = options.Keep ?? config.Settings.Keep,
        };
        // A longer run goes on with the schedule that the whole of it would have had.
        long length = settings.Steps ?? (long)settings.Epochs * (images / settings.EffectiveBatch);
        if (settings.ScheduleSteps < length) settings = settings with { ScheduleSteps = null };
        if (options.Steps is null || options.Epochs is not null) settings = RunConfig.Shorten(settings, images);
        return config with
        {
            BadImages = options.BadImages ?? config.BadImages,
            Feed = options.Feed.Over(config.Feed),
            TensorBoard = options.TensorBoard ?? config.TensorBoard,
            Settings = settings,
            Data = options.DataPath ?? config.Data,
            DataFullPath = options.DataPath is { } path ? Path.GetFullPath(path) : config.DataFullPath,
            Validation = options.ValidationPath ?? config.Validation,
            ValidationFullPath = options.ValidationPath is { } other ? Path.GetFullPath(other) : config.ValidationFullPath,
        };
    }

    /// <summary>Opens a run's data set again, as the run divided it.</summary>
    internal static ImageData Reopen(RunConfig config, ResumeOptions options, string folder)
    {
        if (config.DataFullPath.Length == 0 && options.DataPath is null)
            throw new GpuCnnException($"The run in '{folder}' trains on images that were in memory; give them to resume it.");
        ImageData data = ImageData.Open(
            options.DataPath ?? Present(config.Data, config.DataFullPath, folder),
            options.ValidationPath
                ?? (config.Validation is null ? null : Present(config.Validation, config.ValidationFullPath!, folder)));
        if (config.ExcludeDuplicates) data = data.WithoutDuplicates(options.Progress);
        return config.HeldOut switch
        {
            null => data.WithValidation(config.HoldOutSeed ?? config.Settings.Seed),
            0 => data,
            { } share => data.Split(share, config.HoldOutSeed ?? config.Settings.Seed),
        };
    }

    /// <summary>A name may mean another folder where the run is resumed from; it counts where the data was moved along.</summary>
    /// <exception cref="MissingDataException">It is nowhere.</exception>
    private static string Present(string named, string full, string folder) => Path.Exists(full) ? full
        : Path.Exists(named) ? named
        : throw new MissingDataException($"The run in '{folder}' uses the data set '{full}', which is not there any more.");

    private static void Check(Model model, ImageData data, FitOptions options)
    {
        if (model.Input.Channels is not (1 or 3) || model.Input.IsVector)
            throw new GpuCnnException($"Training on images expects an input of 1 (gray) or 3 (RGB) channels, but got {model.Input}.");
        if (!data.Classes.SequenceEqual(model.Classes))
            throw new GpuCnnException(
                $"{model.Name} was made for the classes {Some(model.Classes)}, but the data set has {Some(data.Classes)}; make the model "
                + "for the classes of the data set.");
        options.Check();
        if (options is { TensorBoard: not null, Folder: null, Directory: null } && options.Ranks.IsFirst)
            throw new GpuCnnException("A run for TensorBoard expects a folder to write to, but got none; name one.");
        if (options.SyncsNorms && !model.Network.Graph.Nodes.Any(node => node.Operator is BatchNorm2d && !node.FreezesStatistics))
            throw new SettingConflictException(
                $"Batch norms that see the images of all ranks expect a network with batch norms, but {model.Name} has none"
                + (model.FreezesBatchNorm ? " that use their batches." : "."), ["sync-bn"]);
    }

    /// <summary>Refuses a run that the device's memory is known to be too small for.</summary>
    private static TrainingRun Checked(TrainingRun run)
    {
        Device device = run.Model.Device;
        if (device.MemoryBytes <= 0 || run.DeviceBytes <= device.MemoryBytes) return run;
        int largest = run._trainer.LargestBatch(device.MemoryBytes) * run.Ranks.Size;
        long needed = run.DeviceBytes;
        run.Dispose();
        throw new DeviceOutOfMemoryException(
            $"Training {run.Model.Name} in batches of {run.Settings.Batch} needs {MiB(needed)}, "
                + $"but {device.Name} has {MiB(device.MemoryBytes)}: "
            + (largest > 0 ? $"the largest batch that fits is {largest}." : "not even a batch of 1 fits."), needed, device.MemoryBytes)
        {
            LargestBatch = largest,
        };

        static string MiB(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:N0} MiB");
    }

    private static string Some(IReadOnlyList<string> classes) =>
        $"{string.Join(", ", classes.Take(3).Select(name => $"'{name}'"))}{(classes.Count > 3 ? $" and {classes.Count - 3} more" : "")}";

    private sealed class SilentObserver : ITrainingObserver;
}

/// <summary>The data set of a run is not what it was when the run began.</summary>
public sealed class ChangedDataException(string message) : GpuCnnException(message);

/// <summary>The data set of a run is not where it was.</summary>
public sealed class MissingDataException(string message) : GpuCnnException(message);

/// <summary>Ranks have devices of different kinds, whose results differ in the last bits.</summary>
public sealed class RankDevicesException(string message) : GpuCnnException(message);
