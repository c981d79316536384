using GpuCnn.Cli.Output;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Training;
using GpuCnn.Engine.Tuning;

namespace GpuCnn.Cli.Training;

/// <summary>One call of <c>gpucnn train</c>.</summary>
internal static class TrainingSession
{
    public const string DefaultModel = "smallcnn";
    public const string DemoFolder = "demo-data";

    public static int Run(CommandHost host, TrainRequest request) => request.Resume == null ? Start(host, request) : Resume(host, request, request.Resume);

    private static int Start(CommandHost host, TrainRequest request)
    {
        using Device device = Open(request.Device ?? DeviceCatalog.Auto, request.Threads);
        PreparedRun prepared = PreparedRun.New(request, device, host);
        (RunDirectory run, bool isNew) = CreateFolder(request.Out, prepared.Config.Model);
        try
        {
            IReadOnlyDictionary<string, string> tuned = AlgorithmTable.Load(device).Algorithms;
            using RunImages images = prepared.CreateDatasets();
            using Trainer trainer = CreateTrainer(prepared, images, device, run, tuned);
            SetStart(trainer, prepared.Config);
            WriteConfig(run, prepared, trainer);
            Introduction.Write(host.Output, prepared, device, trainer, run, resumedFrom: null);
            // The table has problems of other networks too.
            IReadOnlyDictionary<string, string> taken = trainer.Algorithms;
            Introduction.WriteReplaced(host.Output, device, tuned.Where(kept => taken.ContainsKey(kept.Key)), taken);
            return Train(host, prepared, trainer, run, device);
        }
        finally
        {
            // A run that could not begin leaves no empty folder behind.
            if (isNew && !Directory.EnumerateFileSystemEntries(run.Path).Any()) Directory.Delete(run.Path);
        }
    }

    private static int Resume(CommandHost host, TrainRequest request, string folder)
    {
        RunDirectory run = RunDirectory.Open(folder);
        RunConfig config = RunConfig.Read(run);
        using Device device = Open(request.Device ?? config.Device, PreparedRun.ThreadsFor(request, config));
        PreparedRun prepared = PreparedRun.Resumed(request, config, device, host);
        using RunImages images = prepared.CreateDatasets();
        using Trainer trainer = CreateTrainer(prepared, images, device, run, config.Algorithms);
        string? checkpoint = null;
        // Stopped before its first checkpoint, the run has nothing to lose: the seed begins it again as it was.
        if (run.Checkpoints().Any()) checkpoint = trainer.Resume();
        else SetStart(trainer, config);
        if (trainer.Step > trainer.TotalSteps)
            throw new GpuCnnException($"The run in '{folder}' has done {trainer.Step} steps, more than the {trainer.TotalSteps} asked for; ask for more with --steps or --epochs.");
        if (trainer.Step == trainer.TotalSteps && File.Exists(run.FinalPath))
        {
            host.Output.WriteLine($"The run in {folder} is complete: {Words.Count(trainer.Step, "step", "steps")}, weights in {run.FinalPath}.");
            host.Output.WriteLine($"Train on with: gpucnn train --resume {Words.Quote(folder)} --epochs {prepared.Config.Settings.Epochs * 2}");
            return Program.Done;
        }
        WriteConfig(run, prepared, trainer);
        Introduction.Write(host.Output, prepared, device, trainer, run, checkpoint ?? "the beginning, for there is no checkpoint yet");
        Introduction.WriteReplaced(host.Output, device, config.Algorithms ?? new Dictionary<string, string>(), trainer.Algorithms);
        return Train(host, prepared, trainer, run, device);
    }

    private static void WriteConfig(RunDirectory run, PreparedRun prepared, Trainer trainer)
    {
        run.WriteConfig((prepared.Config with { Algorithms = trainer.Algorithms.Count == 0 ? null : trainer.Algorithms }).ToJson());
        prepared.BadImages.WriteTo(run.Path);
    }

    private static Trainer CreateTrainer(PreparedRun prepared, RunImages images, Device device, RunDirectory run,
        IReadOnlyDictionary<string, string>? algorithms)
    {
        var trainer = new Trainer(prepared.Network, device, images.Training, images.Validation, prepared.Config.Settings,
            prepared.Config.Metadata, run, algorithms);
        if (device.MemoryBytes <= 0 || trainer.DeviceBytes <= device.MemoryBytes) return trainer;
        long needed = trainer.DeviceBytes;
        int largest = trainer.LargestBatch(device.MemoryBytes);
        trainer.Dispose();
        throw new GpuCnnException(
            $"Training {prepared.Config.Model} in batches of {prepared.Config.Settings.Batch} needs {Words.Bytes(needed)}, but {device.Name} has {Words.Bytes(device.MemoryBytes)}; "
            + (largest > 0 ? $"use --batch {largest} or less." : "use another device."));
    }

    private static void SetStart(Trainer trainer, RunConfig config)
    {
        // Also what the weights are put over: parts of them may not fit.
        trainer.Initialize();
        if (config.Weights != null) WeightsFile.LoadInto(trainer.Parameters, ModelFile.Load(config.Weights), config.Weights, config.StartedAnew);
    }

    private static int Train(CommandHost host, PreparedRun prepared, Trainer trainer, RunDirectory run, Device device)
    {
        using var stop = new StopRequest(host);
        TrainingDisplay display = host.IsTerminal
            ? new LiveDisplay(host.Output) { IsMixed = prepared.Config.Settings.MixesImages }
                : new PlainDisplay(host.Output) { IsMixed = prepared.Config.Settings.MixesImages };
        TrainingOutcome outcome = display.Run(
            observer => trainer.Run(host.Observer == null ? observer : new BothObservers(observer, host.Observer), stop.Token), trainer.Step);
        if (outcome.End == TrainingEnd.Interrupted)
            throw new GpuCnnException(
                $"Stopped after step {outcome.Step} of {trainer.TotalSteps}; the checkpoint is {outcome.WeightsPath}. Go on with: gpucnn train --resume {Words.Quote(run.Path)}");
        Conclusion.Write(host.Output, prepared, outcome, device);
        return Program.Done;
    }

    private static Device Open(string name, int? threads) => DeviceCatalog.Open(name, new() { Threads = threads });

    private static (RunDirectory Run, bool IsNew) CreateFolder(string? named, string model)
    {
        string path = named ?? Enumerable.Range(1, int.MaxValue).Select(number => Path.Combine("runs", $"{model}-{number}")).First(path => !Path.Exists(path));
        bool isNew = !Directory.Exists(path);
        return (RunDirectory.Create(path), isNew);
    }

    private sealed class BothObservers(ITrainingObserver first, ITrainingObserver second) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            first.StepDone(report);
            second.StepDone(report);
        }

        public void Validating(int epoch)
        {
            first.Validating(epoch);
            second.Validating(epoch);
        }

        public void EpochDone(EpochReport report)
        {
            first.EpochDone(report);
            second.EpochDone(report);
        }

        public void CheckpointSaved(string path)
        {
            first.CheckpointSaved(path);
            second.CheckpointSaved(path);
        }
    }
}
