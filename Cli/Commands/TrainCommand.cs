using System.CommandLine;
using GpuCnn.Cli.Training;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;

namespace GpuCnn.Cli.Commands;

/// <summary><c>gpucnn train</c>: its options. <see cref="TrainingSession"/> does the work.</summary>
internal static class TrainCommand
{
    private const string FromRecipe = "[default: the model's recipe]";
    private const string SaveEvery = "save-every", SaveEveryMinutes = "save-every-minutes", Keep = "keep";

    public static Command Create(CommandHost host)
    {
        Option<string?> model = Options.Model($"Model; `gpucnn models` lists them. [default: {TrainingSession.DefaultModel}]");
        Option<Shape?> input = Options.Input;
        Option<int?> crop = Options.Crop("Side of the input, in place of --input.");
        Option<string?> weights = Options.Text("--weights", "FILE",
            "Weights to start from, of the same model; where their classes differ, the last layer is reinitialized. "
            + "[default: drawn at random]");
        Option<string[]?> freeze = Options.Patterns("--freeze", "PATTERN",
            "Parameters to leave as they are, by path, as in 'conv1.*'; may be given several times. Running statistics go on.");
        Option<bool> fixedBatch = Options.Flag("--fixed-batch",
            "Refuse a batch that the device's memory does not hold; otherwise smaller ones are accumulated.");
        Option<bool> freezeBatchNorm = Options.Flag("--freeze-bn",
            "Batch norms normalize by their running statistics and leave them as they are; scale and shift are trained unless --freeze "
            + "names them.");
        Option<string?> recipe = Options.Text("--recipe", "paper|default",
            "Settings that options do not give: the paper's, as far as they can be followed here, or the model's own for pictures "
            + "in general. [default: default]", CheckRecipe);

        Option<string?> data = Options.Text("--data", "PATH",
            "Data set: class folders (as they are, or under train/ and val/), tar shards, Parquet or CSV files, "
            + $"MNIST/EMNIST IDX files, CIFAR. [default: the demo set, made in ./{ImageData.DemoFolder}]");
        Option<string?> validation = Options.Text("--val", "PATH",
            "Data set to validate on. [default: the data set's own; else 10 % of each class is held out]");
        Option<bool> excludeDuplicates = Options.Flag("--exclude-duplicates",
            "Leave out pictures that the data set has more than once, by their pixels: copies of validation images among the "
            + "training images, further copies, and those of several classes.");
        Option<string?> badImages = Options.BadImages;
        Option<string?> augmentation = Options.Text("--augment", "NAMES",
            $"Random changes of training images: {string.Join(", ", Augmentation.Presets)}, or a list between commas of "
            + $"{Augmentation.Usage}. {FromRecipe}", names => Augmentation.Parse(names));
        Option<string?> fit = Options.Fit(FromRecipe);
        Option<int?> resizeTo = Options.ResizeTo(FromRecipe);
        Option<bool> noExif = Options.NoExif;
        var feed = new FeedArguments();

        var settings = new SettingOptions(except: [SaveEvery, SaveEveryMinutes, Keep]);
        Option<string?> device = Options.Device;
        Option<int?> threads = Options.Whole(
            "--threads", "Threads of the cpu device; they change the time, not the result. [default: one a core]", maximum: 1024);
        Option<string?> output = Options.Text("--out", "DIR", "Folder of the run. [default: runs/MODEL-N, the next free number]");
        Option<string?> resume = Options.Text("--resume", "DIR", "Go on with the run in this folder, as if it had never stopped.");
        Option<int?> saveEvery = Options.Whole($"--{SaveEvery}", "Steps between checkpoints. [default: one each epoch]");

        Option<float?> saveEveryMinutes = Options.Real($"--{SaveEveryMinutes}",
            "Minutes between further checkpoints, for long epochs; 0 leaves them out. [default: 10]",
            minutes => minutes >= 0 && float.IsFinite(minutes), "minutes of 0 or more");
        Option<int?> keep = Options.Keep;
        Option<bool> tensorBoard = Options.Flag("--tensorboard", "Write an event file for TensorBoard into the run's folder.");
        Option<int?> histograms = Options.Whole("--histograms",
            "Epochs between histograms of weights and gradients, and pictures of filters and mistakes, for TensorBoard; 0 leaves them "
            + "out. [default: 1]", minimum: 0);

        var command = new GroupedCommand("train", "Trains a model. Without options it makes a demo data set and trains on that.",
        [
            new("Model", [model, input, crop, weights, freeze, freezeBatchNorm, recipe]),
            new("Data", [data, validation, excludeDuplicates, badImages]),
            new("Images", [augmentation, fit, resizeTo, noExif, .. feed.All]),
            new("Run", [device, threads, fixedBatch, output, resume, saveEvery, saveEveryMinutes, keep,
                tensorBoard, histograms]),
            .. settings.Groups,
        ]);
        Option[] resumable =
            [resume, settings.Find("epochs"), settings.Find("steps"), settings.Find("early-stop"), device, threads, saveEvery,
                saveEveryMinutes, keep, tensorBoard, histograms, data, validation, badImages, .. feed.All];
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(resume) is not null && command.Options.Except(resumable).FirstOrDefault(parsed.IsGiven) is { } refused)
                throw new UsageException(
                    $"{refused.Name} cannot be changed by --resume, which takes it from the run's config.json; "
                    + $"only {string.Join(", ", resumable.Skip(1).Select(option => option.Name))} can.");
            if (parsed.IsGiven(crop) && parsed.IsGiven(input)) throw new UsageException(
                "--crop and --input both say the input's size; leave one of them out.");
            return TrainingSession.Run(host, new TrainRequest
            {
                Model = parsed.GetValue(model),
                Data = parsed.GetValue(data),
                Validation = parsed.GetValue(validation),
                Weights = parsed.GetValue(weights) is { } path ? WeightsPath.Resolve(path) : null,
                Freeze = parsed.GetValue(freeze) ?? [],
                FreezeBatchNorm = parsed.GetValue(freezeBatchNorm),
                FixedBatch = parsed.GetValue(fixedBatch),
                Out = parsed.GetValue(output),
                Resume = parsed.GetValue(resume),
                Recipe = parsed.GetValue(recipe),
                Input = parsed.GetValue(input),
                Fit = Options.ParseFit(parsed.GetValue(fit)),
                Augmentation = parsed.GetValue(augmentation),
                ResizeTo = parsed.GetValue(resizeTo),
                Crop = parsed.GetValue(crop),
                IgnoresExif = parsed.GetValue(noExif),
                Feed = feed.Read(parsed),
                BadImages = Options.ParseBadImages(parsed.GetValue(badImages)),
                ExcludeDuplicates = parsed.GetValue(excludeDuplicates),
                Device = parsed.GetValue(device),
                Threads = parsed.GetValue(threads),
                Epochs = (int?)settings.Get("epochs", parsed),
                Steps = (long?)settings.Get("steps", parsed),
                SaveEvery = parsed.GetValue(saveEvery),
                EarlyStop = (int?)settings.Get("early-stop", parsed),
                Batch = (int?)settings.Get("batch", parsed),
                Accumulate = (int?)settings.Get("accumulate", parsed),
                HasRate = settings.Get("lr", parsed) is not null,
                SaveEveryMinutes = parsed.GetValue(saveEveryMinutes),
                Keep = parsed.GetValue(keep),
                TensorBoard = TensorBoardOf(parsed.GetValue(tensorBoard), parsed.GetValue(histograms)),
                SettingsFor = own => settings.Apply(own, parsed),
            });
        });
        return command;
    }

    private static TensorBoardOptions? TensorBoardOf(bool isAsked, int? histograms) => (isAsked, histograms) switch
    {
        (false, null) => null,
        (false, _) => throw new UsageException("--histograms belongs to --tensorboard; give both, or leave it out."),
        _ => new() { Histograms = histograms ?? new TensorBoardOptions().Histograms },
    };

    private static void CheckRecipe(string name)
    {
        if (!Recipe.Names.Contains(name))
            throw new UsageException($"--recipe expects {string.Join(" or ", Recipe.Names)}, but got '{name}'.");
    }
}
