using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
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

    public static int Run(CommandHost host, TrainRequest request) =>
        request.Resume is { } folder ? Resume(host, request, folder) : Start(host, request);

    private static int Start(CommandHost host, TrainRequest request)
    {
        using Device device = Device.Open(request.Device ?? DeviceCatalog.Auto, new() { Threads = request.Threads });
        var architecture = Architecture.Find(request.Model ?? DefaultModel);
        string recipeName = request.Recipe ?? Recipe.Default;
        Recipe recipe = UsageException.Guard(() => architecture.FindRecipe(recipeName));
        // Refuse contradictions before the data set is read.
        ulong seed = request.SettingsFor(recipe.Settings).Seed;
        ModelFile? weights = request.Weights is { } file ? ModelFile.Load(file) : null;
        Shape input = InputFor(request, weights?.Metadata.Input ?? architecture.Input);
        _ = UsageException.Guard(() => architecture.Build(input, recipe: recipe));

        ImageData data = OpenData(host, request, seed);
        TrainingSettings settings = request.SettingsFor(Adapted(recipe.Settings, request, data));
        if (request.SaveEvery is { } every) settings = settings with { SaveEvery = every };
        using var model = Model.Create(architecture, data.Classes, device, input, recipeName, weights, request.Weights);
        model.Preparation = Prepared(model, request, weights?.Metadata);
        if (request.Freeze.Count > 0) UsageException.Guard(() => model.Freeze(request.Freeze));
        if (request.FreezeBatchNorm) UsageException.Guard(model.FreezeBatchNorm);
        using TrainingRun run = model.Prepare(data, new(settings)
        {
            Augment = Augmentation.Parse(request.Augmentation ?? recipe.Augmentation, input),
            BadImages = request.BadImages ?? BadImagePolicy.Skip,
            Feed = request.Feed,
            Folder = request.Out ?? FreeFolder(model.Name),
            Threads = request.Threads,
        });
        Introduction.Write(host.Output, run);
        return Train(host, run);
    }

    /// <summary>The recipe's numbers for the batch that was asked for, or for a small data set, as far as options leave them open.</summary>
    private static TrainingSettings Adapted(TrainingSettings recipe, TrainRequest request, ImageData data)
    {
        TrainingSettings adapted = request.Batch is { } batch ? recipe.AtBatch(batch, request.Accumulate ?? recipe.Accumulate)
            : recipe.For(data.Training.Count, request.Accumulate);
        return request.HasRate ? adapted with { LearningRate = recipe.LearningRate } : adapted;
    }

    private static int Resume(CommandHost host, TrainRequest request, string folder)
    {
        var progress = new CheckProgress(host);
        var opened = TrainingRun.Open(folder, new()
        {
            Epochs = request.Epochs,
            Steps = request.Steps,
            SaveEvery = request.SaveEvery,
            EarlyStop = request.EarlyStop,
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
        return Train(host, run);
    }

    private static int Train(CommandHost host, TrainingRun run)
    {
        using var stop = new StopRequest(host);
        bool isMixed = run.Settings.MixesImages;
        TrainingDisplay display = host.IsTerminal ? new LiveDisplay(host.Output) { IsMixed = isMixed }
            : new PlainDisplay(host.Output) { IsMixed = isMixed };
        TrainingOutcome outcome = display.Run(
            observer => run.Run(host.Observer is null ? observer : new BothObservers(observer, host.Observer), stop.Token), run.Step);
        if (outcome.End == TrainingEnd.Interrupted)
            throw new GpuCnnException(
                $"Stopped after step {outcome.Step} of {run.TotalSteps}; the checkpoint is {outcome.WeightsPath}. "
                + $"Go on with: gpucnn train --resume {Words.Quote(run.Directory!.Path)}");
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
    private static ImageData OpenData(CommandHost host, TrainRequest request, ulong seed)
    {
        if (request.Data is null && !DemoDataset.IsComplete(ImageData.DemoFolder, ImageData.DemoSeed))
            host.Output.WriteLine($"Drawing the demo data set into {ImageData.DemoFolder}/ ...");
        if (request.Data is null) ImageData.Demo();
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

    private static string FreeFolder(string model) =>
        Enumerable.Range(1, int.MaxValue).Select(number => Path.Combine("runs", $"{model}-{number}")).First(path => !Path.Exists(path));

    private sealed class BothObservers(ITrainingObserver first, ITrainingObserver second) : ITrainingObserver
    {
        public void StepDone(in StepReport report)
        {
            first.StepDone(report);
            second.StepDone(report);
        }

        public void RateHalved(long step, double loss, float factor)
        {
            first.RateHalved(step, loss, factor);
            second.RateHalved(step, loss, factor);
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
