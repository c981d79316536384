using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Models;

namespace GpuCnn.Cli.Training;

/// <summary>One call of <c>gpucnn train</c>.</summary>
internal static class TrainingSession
{
    public const string DefaultModel = "smallcnn";

    private const string RunsFolder = "runs";

    public static int Run(CommandHost host, TrainRequest request)
    {
        using var stop = new StopRequest(host);
        CommandHost steady = host.WithSteadyOutput();
        try
        {
            return request.Resume is { } folder ? Resume(steady, request, folder, stop) : Start(steady, request, stop);
        }
        catch (OperationCanceledException) when (stop.ExitCode is not null)
        {
            throw stop.BeforeFirstStep();
        }
    }

    private static int Start(CommandHost host, TrainRequest request, StopRequest stop)
    {
        using Device device = Device.Open(request.Device ?? DeviceCatalog.Auto, new() { Threads = request.Threads });
        stop.Listen();
        var architecture = Architecture.Find(request.Model ?? DefaultModel);
        string recipeName = request.Recipe ?? Recipe.Default;
        Recipe recipe = UsageException.Guard(() => architecture.FindRecipe(recipeName));
        // Refuse contradictions before the data set is read.
        ulong seed = request.SettingsFor(recipe.Settings).Seed;
        ModelFile? weights = request.Weights is { } file ? ModelFile.Load(file) : null;
        Shape input = InputFor(request, weights?.Metadata.Input ?? architecture.Input);
        _ = UsageException.Guard(() => architecture.Build(input, recipe: recipe));

        using RunDirectory directory = request.Out is { } folder ? RunDirectory.Create(folder)
            : RunDirectory.CreateNext(RunsFolder, architecture.Name);
        stop.Claim(directory);
        ImageData data = OpenData(host, request, seed, stop.Token);
        TrainingSettings settings = request.SettingsFor(Adapted(recipe.Settings, request, data));
        if (request.SaveEvery is { } every) settings = settings with { SaveEvery = every };
        if (request.SaveEveryMinutes is { } minutes) settings = settings with { SaveEveryMinutes = minutes };
        if (request.Keep is { } keep) settings = settings with { Keep = keep };
        using var model = Model.Create(architecture, data.Classes, device, input, recipeName, weights, request.Weights);
        model.Preparation = Prepared(model, request, weights?.Metadata);
        if (request.Freeze.Count > 0) UsageException.Guard(() => model.Freeze(request.Freeze));
        if (request.FreezeBatchNorm) UsageException.Guard(model.FreezeBatchNorm);
        using TrainingRun run = model.Prepare(data, new(settings)
        {
            Augment = Augmentation.Parse(request.Augmentation ?? recipe.Augmentation, input),
            BadImages = request.BadImages ?? BadImagePolicy.Skip,
            FixedBatch = request.FixedBatch,
            Feed = request.Feed,
            Directory = directory,
            TensorBoard = request.TensorBoard,
            Threads = request.Threads,
        });
        Introduction.Write(host.Output, run);
        return Train(host, run, stop);
    }

    /// <summary>
    /// The recipe's numbers for the batch that was asked for, or for a small data set, as far as options leave them open.
    /// </summary>
    private static TrainingSettings Adapted(TrainingSettings recipe, TrainRequest request, ImageData data)
    {
        TrainingSettings adapted = request.Batch is { } batch ? recipe.AtBatch(batch, request.Accumulate ?? recipe.Accumulate)
            : recipe.For(data.Training.Count, request.Accumulate);
        return request.HasRate ? adapted with { LearningRate = recipe.LearningRate } : adapted;
    }

    private static int Resume(CommandHost host, TrainRequest request, string folder, StopRequest stop)
    {
        var progress = new CheckProgress(host);
        var opened = TrainingRun.Open(folder, new()
        {
            Epochs = request.Epochs,
            Steps = request.Steps,
            SaveEvery = request.SaveEvery,
            EarlyStop = request.EarlyStop,
            DataPath = request.Data,
            ValidationPath = request.Validation,
            SaveEveryMinutes = request.SaveEveryMinutes,
            Keep = request.Keep,
            TensorBoard = request.TensorBoard,
            BadImages = request.BadImages,
            Feed = request.Feed,
            Device = request.Device,
            Threads = request.Threads,
            Progress = progress.Show,
        });
        using Model model = opened.Model;
        using TrainingRun run = opened;
        progress.Clear();
        if (run.IsComplete)
        {
            host.Output.WriteLine(
                $"The run in {folder} is complete: {Words.Count(run.Step, "step", "steps")}, weights in {run.Directory!.FinalPath}.");
            string on = run.Step < run.TotalSteps ? "--early-stop 0" : $"--epochs {run.Settings.Epochs * 2}";
            host.Output.WriteLine($"Train on with: gpucnn train --resume {Words.Quote(folder)} {on}");
            return Program.Done;
        }
        Introduction.Write(host.Output, run, run.ResumedFrom ?? "the beginning, for there is no checkpoint yet");
        return Train(host, run, stop);
    }

    private static int Train(CommandHost host, TrainingRun run, StopRequest stop)
    {
        bool isMixed = run.Settings.MixesImages;
        TrainingDisplay display = host.IsTerminal ? new LiveDisplay(host.Terminal) { IsMixed = isMixed }
            : new PlainDisplay(host.Output) { IsMixed = isMixed };
        run.Command = RepeatCommand.Of(run.Config);
        stop.Begin(run, display);
        TrainingOutcome outcome = display.Run(
            observer => run.Run(new AllObservers([observer, stop, .. host.Observer is { } other ? (ITrainingObserver[])[other] : []]),
                stop.Token), run.Step);
        if (outcome.End == TrainingEnd.Interrupted)
            throw new StoppedException(
                $"Stopped after step {outcome.Step} of {run.TotalSteps}; the checkpoint is {outcome.WeightsPath}. "
                + $"Go on with: gpucnn train --resume {Words.Quote(run.Directory!.Path)}", stop.ExitCode ?? Program.Failed);
        Conclusion.Write(host.Output, run, outcome);
        return Program.Done;
    }

    private static Shape InputFor(TrainRequest request, Shape usual)
    {
        Shape input = request.Input ?? usual;
        if (request.Crop is { } side) input = Shape.Volume(input.Channels, side, side);
        return input.Channels is 1 or 3 ? input
            : throw new UsageException($"--input expects 1 (gray) or 3 (RGB) channels to train on images, but got {input}.");
    }

    /// <summary>Opens the data set. Holds out some images of each class if it keeps none apart and has enough.</summary>
    private static ImageData OpenData(CommandHost host, TrainRequest request, ulong seed, CancellationToken cancellation)
    {
        if (request.Data is null && !DemoDataset.IsComplete(ImageData.DemoFolder, ImageData.DemoSeed))
            host.Output.WriteLine($"Drawing the demo data set into {ImageData.DemoFolder}/ ...");
        if (request.Data is null) ImageData.Demo(ImageData.DemoFolder, cancellation);
        var data = ImageData.Open(request.Data ?? ImageData.DemoFolder, request.Validation);
        if (request.ExcludeDuplicates)
        {
            var progress = new CheckProgress(host);
            data = data.WithoutDuplicates(progress.Show);
            progress.Clear();
        }
        return data.WithValidation(seed);
    }

    /// <summary>
    /// Decides how images are brought to the input: by the options, else by the starting weights, else by the recipe.
    /// </summary>
    private static ImagePreparation Prepared(Model model, TrainRequest request, ModelMetadata? weights)
    {
        ImageFit fit = request.Fit ?? model.Preparation.Fit;
        return model.Preparation with
        {
            Fit = fit,
            ResizeTo = ResizeFor(model, request, weights, fit),
            IgnoresExif = request.IgnoresExif || model.Preparation.IgnoresExif,
        };
    }

    private static int ResizeFor(Model model, TrainRequest request, ModelMetadata? weights, ImageFit fit)
    {
        int longer = Math.Max(model.Input.Height, model.Input.Width);
        if (request.ResizeTo is { } asked)
        {
            if (fit == ImageFit.Pad) throw new UsageException(
                "--val-resize goes with --fit resize, but images are padded; leave one of them out.");
            return asked >= longer ? asked
                : throw new UsageException($"--val-resize expects at least the {longer} pixels of the input {model.Input}, "
                + $"but got {asked}.");
        }
        if (fit == ImageFit.Pad) return 0;
        if (weights is not null && request.Recipe is null) return weights.ResizeTo >= longer ? weights.ResizeTo : 0;
        return model.Recipe.EvaluationScale > 1 ? (int)MathF.Round(longer * model.Recipe.EvaluationScale) : 0;
    }

    private sealed class AllObservers(IReadOnlyList<ITrainingObserver> observers) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            for (int i = 0; i < observers.Count; i++) observers[i].StepDone(report);
        }

        public void RateHalved(long step, double loss, float factor)
        {
            foreach (ITrainingObserver observer in observers) observer.RateHalved(step, loss, factor);
        }

        public void Validating(int epoch)
        {
            foreach (ITrainingObserver observer in observers) observer.Validating(epoch);
        }

        public ImageJudged? Judging(int epoch)
        {
            ImageJudged? all = null;
            foreach (ITrainingObserver observer in observers) all += observer.Judging(epoch);
            return all;
        }

        public void ReportFailed(string message)
        {
            foreach (ITrainingObserver observer in observers) observer.ReportFailed(message);
        }

        public void EpochDone(EpochReport report)
        {
            foreach (ITrainingObserver observer in observers) observer.EpochDone(report);
        }

        public void CheckpointSaved(string path)
        {
            foreach (ITrainingObserver observer in observers) observer.CheckpointSaved(path);
        }
    }
}
