using GpuCnn.Cli.Commands;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Engine;
using GpuCnn.Models;

namespace GpuCnn.Cli.Training;

/// <summary>A training run that is about to begin or to go on: configuration, images, network.</summary>
/// <param name="BadImages">Images that could not be read, by the policy of the configuration.</param>
internal sealed record PreparedRun(RunConfig Config, LocatedDataset Data, Network Network, Recipe Recipe, BadImageLog BadImages)
{
    /// <summary>Share of each class that is held out where a data set keeps no images apart.</summary>
    public const double HeldOut = 0.1;

    /// <summary>Fewer images of a class than this are too few to keep some apart.</summary>
    public const int FewestToHoldOut = 10;

    /// <summary>A new run from what the options say.</summary>
    public static PreparedRun New(TrainRequest request, Device device, CommandHost host)
    {
        Architecture architecture = Architecture.Find(request.Model ?? TrainingSession.DefaultModel);
        string recipeName = request.Recipe ?? Recipe.Default;
        Recipe recipe = UsageException.Guard(() => architecture.FindRecipe(recipeName));
        TrainingSettings settings = request.SettingsFor(recipe);
        ModelFile? weights = request.Weights == null ? null : ModelFile.Load(request.Weights);
        Shape input = request.Input ?? weights?.Metadata.Input ?? architecture.Input;
        if (request.Crop is { } side) input = Shape.Volume(input.Channels, side, side);
        if (input.Channels is not (1 or 3)) throw new UsageException($"--input expects 1 (gray) or 3 (RGB) channels to train on images, but got {input}.");
        _ = UsageException.Guard(() => architecture.Build(input, recipe: recipe));

        string path = request.Data ?? MakeDemoData(host);
        LocatedDataset data = Open(path, request.Validation, settings.Seed, request.ExcludeDuplicates, host);
        if (weights != null) CheckStart(request.Weights!, weights.Metadata, architecture);
        var badImages = new BadImageLog(request.BadImages ?? BadImagePolicy.Skip);
        ImageFit fit = request.Fit ?? weights?.Metadata.Fit ?? recipe.Fit;
        int resizeTo = ResizeFor(request, recipe, weights?.Metadata, input, fit);
        bool ignoresExif = request.IgnoresExif || weights is { Metadata.IgnoresExif: true };
        (IReadOnlyList<float> mean, IReadOnlyList<float> std) = weights is { Metadata: var known } ? (known.Mean, known.Std)
            : Statistics(data, input, fit, ignoresExif, badImages);
        settings = Shorten(settings, data.Train.Count);
        var config = new RunConfig
        {
            GpuCnn = CommandTree.Version,
            Runtime = System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
            Model = architecture.Name,
            Recipe = recipeName,
            Input = input.Dimensions,
            Classes = data.Classes,
            Mean = mean,
            Std = std,
            Fit = fit,
            Augmentation = Augmentation.Parse(request.Augmentation ?? recipe.Augmentation, input).ToString(),
            ResizeTo = resizeTo,
            IgnoresExif = ignoresExif,
            Feed = request.Feed,
            Data = path,
            DataFullPath = Path.GetFullPath(path),
            Validation = request.Validation,
            ValidationFullPath = request.Validation == null ? null : Path.GetFullPath(request.Validation),
            TrainingImages = data.Train.Count,
            BadImages = badImages.Policy,
            ExcludeDuplicates = request.ExcludeDuplicates,
            Weights = request.Weights,
            StartedAnew = weights == null || weights.Metadata.Classes.SequenceEqual(data.Classes) ? null : architecture.ClassPaths(input),
            Freeze = request.Freeze.Count > 0 ? request.Freeze : null,
            Device = device.Name,
            DeviceDescription = device.Description,
            Threads = request.Threads,
            Settings = settings,
        };
        Network network = architecture.Build(input, data.Classes.Count, recipe);
        FrozenPaths.Freeze(network, request.Freeze);
        return new(config, data, network, recipe, badImages);
    }

    /// <summary>A run from its configuration, with the few options that may change it.</summary>
    public static PreparedRun Resumed(TrainRequest request, RunConfig config, Device device, CommandHost host)
    {
        Architecture architecture = Architecture.All.FirstOrDefault(known => known.Name == config.Model)
            ?? throw new GpuCnnException($"The run in '{request.Resume}' trains '{config.Model}', which is none of the models of this gpucnn; gpucnn models lists them.");
        Recipe recipe = architecture.FindRecipe(config.Recipe);
        string path = Present(config.Data, config.DataFullPath);
        LocatedDataset data = Open(path, config.Validation == null ? null : Present(config.Validation, config.ValidationFullPath!),
            config.Settings.Seed, config.ExcludeDuplicates, host);
        if (!data.Classes.SequenceEqual(config.Classes) || data.Train.Count != config.TrainingImages)
            throw new GpuCnnException(
                $"Data set '{path}' has changed: the run in '{request.Resume}' trains on {Words.Number(config.TrainingImages)} images of {config.Classes.Count} classes, "
                + $"but got {Words.Number(data.Train.Count)} of {data.Classes.Count}; restore the data, or start a new run from its weights with --weights.");
        TrainingSettings settings = config.Settings with
        {
            Epochs = request.Epochs ?? config.Settings.Epochs,
            // --epochs alone lifts a limit of steps that the run had.
            Steps = request.Steps ?? (request.Epochs != null ? null : config.Settings.Steps),
            SaveEvery = request.SaveEvery ?? config.Settings.SaveEvery,
        };
        // --steps alone may go beyond the epochs that the run had.
        if (request.Steps == null || request.Epochs != null) settings = Shorten(settings, data.Train.Count);
        RunConfig changed = config with
        {
            Device = device.Name,
            DeviceDescription = device.Description,
            Threads = ThreadsFor(request, config),
            BadImages = request.BadImages ?? config.BadImages,
            Feed = request.Feed.Over(config.Feed),
            Settings = settings,
        };
        Network network = architecture.Build(config.Metadata.Input, config.Classes.Count, recipe);
        FrozenPaths.Freeze(network, config.Freeze ?? []);
        return new(changed, data, network, recipe, new BadImageLog(changed.BadImages));
    }

    /// <summary>Threads belong to the device they were given with.</summary>
    public static int? ThreadsFor(TrainRequest request, RunConfig config) =>
        request.Threads ?? (request.Device == null || request.Device == config.Device ? config.Threads : null);

    /// <summary>The images to train on and to validate on, as the network gets them.</summary>
    public RunImages CreateDatasets()
    {
        FeedOptions feed = Config.Feed.ToOptions();
        // What is judged may be the centre of a larger picture; what is trained on is all that covers the input.
        var training = new ImagePreprocessor(Config.Metadata with { ResizeTo = 0 });
        return new(
            new(Data.Train, training, Augmentation.Parse(Config.Augmentation), feed with { Mixing = BatchMixing.Of(Config.Settings) },
                new(Data.Train, "training", BadImages)),
            Data.Validation is { } validation ? new(validation, new ImagePreprocessor(Config.Metadata), options: feed,
                badImages: new(validation, "validation", BadImages)) : null);
    }

    private static string MakeDemoData(CommandHost host)
    {
        string folder = TrainingSession.DemoFolder;
        if (DemoDataset.IsComplete(folder, DataCommand.DemoSeed)) return folder;
        host.Output.WriteLine($"Drawing the demo data set into {folder}/ ...");
        DemoDataset.Write(folder, DataCommand.DemoSeed);
        return folder;
    }

    /// <summary>The data set, with some images of each class held out to validate on where it keeps none apart and has enough.</summary>
    private static LocatedDataset Open(string path, string? validation, ulong seed, bool excludeDuplicates, CommandHost host)
    {
        LocatedDataset data = DatasetLocator.Open(path, validation);
        if (excludeDuplicates)
        {
            var progress = new CheckProgress(host);
            data = DuplicateRemoval.Apply(data, progress.Show);
            progress.Clear();
        }
        return data.Validation == null && data.Train.CountPerClass().Min() >= FewestToHoldOut ? data.WithHoldOut(HeldOut, seed) : data;
    }

    private static (IReadOnlyList<float> Mean, IReadOnlyList<float> Std) Statistics(LocatedDataset data, Shape input, ImageFit fit,
        bool ignoresExif, BadImageLog badImages)
    {
        NormalizationStatistics statistics = NormalizationStatistics.Compute(data.Train, input, fit, new(data.Train, "training", badImages),
            appliesOrientation: !ignoresExif);
        return (statistics.Mean, statistics.Std);
    }

    /// <summary>The shorter side of images that are judged: as asked for, else as the weights have it, else the recipe's for this
    /// input.</summary>
    private static int ResizeFor(TrainRequest request, Recipe recipe, ModelMetadata? weights, Shape input, ImageFit fit)
    {
        int longer = Math.Max(input.Height, input.Width);
        if (request.ResizeTo is { } asked)
        {
            if (fit == ImageFit.Pad) throw new UsageException(
                "--val-resize goes with --fit resize, but images are padded; leave one of them out.");
            return asked >= longer ? asked
                : throw new UsageException($"--val-resize expects at least the {longer} pixels of the input {input}, but got {asked}.");
        }
        if (fit == ImageFit.Pad) return 0;
        if (weights != null && request.Recipe == null) return weights.ResizeTo >= longer ? weights.ResizeTo : 0;
        return recipe.EvaluationScale > 1 ? (int)MathF.Round(longer * recipe.EvaluationScale) : 0;
    }

    private static void CheckStart(string path, ModelMetadata metadata, Architecture architecture)
    {
        if (metadata.Model != architecture.Name)
            throw new OtherModelException($"'{path}' holds weights of {metadata.Model}, but {architecture.Name} is to be trained.", metadata.Model);
    }

    /// <summary>Steps that the epochs would not reach are no limit.</summary>
    private static TrainingSettings Shorten(TrainingSettings settings, int images)
    {
        long most = (long)settings.Epochs * (images / settings.Batch);
        return settings.Steps >= most && most > 0 ? settings with { Steps = null } : settings;
    }

    /// <summary>The same name may mean another folder where the run is resumed from; it counts where the data was moved along.</summary>
    private static string Present(string named, string full) => Path.Exists(full) ? full : named;
}
