using System.CommandLine;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;

namespace GpuCnn.Cli.Training;

/// <summary>The options of model, data and images of commands that train: <c>train</c> and <c>lr-find</c>.</summary>
internal sealed class TrainingArguments
{
    public const string FromRecipe = "[default: the model's recipe]";

    private readonly Option<string?> _model = Options.Model(
        $"Model; `gpucnn models` lists them. [default: {TrainingSession.DefaultModel}]");
    private readonly Option<Shape?> _input = Options.Input;
    private readonly Option<int?> _crop = Options.Crop("Side of the input, in place of --input.");
    private readonly Option<string?> _weights = Options.Text("--weights", "FILE",
        "Weights to start from, of the same model; where their classes differ, the last layer is reinitialized. "
        + "[default: drawn at random]");
    private readonly Option<string[]?> _freeze = Options.Patterns("--freeze", "PATTERN",
        "Parameters to leave as they are, by path, as in 'conv1.*'; may be given several times. Running statistics go on.");
    private readonly Option<bool> _freezeBatchNorm = Options.Flag("--freeze-bn",
        "Batch norms normalize by their running statistics and leave them as they are; scale and shift are trained unless --freeze "
        + "names them.");
    private readonly Option<string?> _recipe = Options.Text("--recipe", "paper|default",
        "Settings that options do not give: the paper's, as far as they can be followed here, or the model's own for pictures "
        + "in general. [default: default]", CheckRecipe);
    private readonly Option<bool> _excludeDuplicates = Options.Flag("--exclude-duplicates",
        "Leave out pictures that the data set has more than once, by their pixels: copies of validation images among the "
        + "training images, further copies, and those of several classes.");
    private readonly Option<string?> _augmentation = Options.Text("--augment", "NAMES",
        $"Random changes of training images: {string.Join(", ", GpuCnn.Augmentation.Presets)}, or a list between commas of "
        + $"{GpuCnn.Augmentation.Usage}. {FromRecipe}", names => GpuCnn.Augmentation.Parse(names));
    private readonly Option<string?> _fit = Options.Fit(FromRecipe);
    private readonly Option<int?> _resizeTo = Options.ResizeTo(FromRecipe);
    private readonly Option<bool> _noExif = Options.NoExif;
    private readonly Option<bool> _fixedBatch = Options.Flag("--fixed-batch",
        "Refuse a batch that the device's memory does not hold; otherwise smaller ones are accumulated.");
    private readonly FeedArguments _feed = new();

    /// <summary>Data set to train on.</summary>
    public Option<string?> Data { get; } = Options.Text("--data", "PATH",
        "Data set: class folders (as they are, or under train/ and val/), tar shards, Parquet or CSV files, "
        + $"MNIST/EMNIST IDX files, CIFAR. [default: the demo set, made in ./{ImageData.DemoFolder}]");

    public Option<string?> Validation { get; } = Options.Text("--val", "PATH",
        "Data set to validate on. [default: the data set's own; else 10 % of each class is held out]");

    public Option<string?> BadImages { get; } = Options.BadImages;

    public Option<string?> Device { get; } = Options.Device;

    public Option<int?> Threads { get; } = Options.Whole(
        "--threads", "Threads of the cpu device; they change the time, not the result. [default: one a core]", maximum: 1024);

    public Option<Precision?> Precision { get; } = Options.Precision("How steps and validations compute.");

    public Option<bool> FixedBatch => _fixedBatch;

    public IReadOnlyList<Option> Feed => _feed.All;

    public OptionGroup ModelGroup => new("Model", [_model, _input, _crop, _weights, _freeze, _freezeBatchNorm, _recipe]);

    public OptionGroup DataGroup => new("Data", [Data, Validation, _excludeDuplicates, BadImages]);

    /// <param name="judges">Whether the command also judges images.</param>
    public OptionGroup ImagesGroup(bool judges) =>
        new("Images", [_augmentation, _fit, .. judges ? [_resizeTo] : (Option[])[], _noExif, .. _feed.All]);

    /// <summary>The request that the options make, with a recipe's settings changed by those of the command line.</summary>
    /// <exception cref="UsageException">Options contradict each other.</exception>
    public TrainRequest Read(ParseResult parsed, SettingOptions settings)
    {
        if (parsed.IsGiven(_crop) && parsed.IsGiven(_input)) throw new UsageException(
            "--crop and --input both say the input's size; leave one of them out.");
        return new()
        {
            Model = parsed.GetValue(_model),
            Data = parsed.GetValue(Data),
            Validation = parsed.GetValue(Validation),
            Weights = parsed.GetValue(_weights) is { } path ? WeightsPath.Resolve(path) : null,
            Freeze = parsed.GetValue(_freeze) ?? [],
            FreezeBatchNorm = parsed.GetValue(_freezeBatchNorm),
            FixedBatch = parsed.GetValue(_fixedBatch),
            Recipe = parsed.GetValue(_recipe),
            Input = parsed.GetValue(_input),
            Fit = Options.ParseFit(parsed.GetValue(_fit)),
            Augmentation = parsed.GetValue(_augmentation),
            ResizeTo = parsed.GetResult(_resizeTo) is null ? null : parsed.GetValue(_resizeTo),
            Crop = parsed.GetValue(_crop),
            IgnoresExif = parsed.GetValue(_noExif),
            Feed = _feed.Read(parsed),
            BadImages = Options.ParseBadImages(parsed.GetValue(BadImages)),
            ExcludeDuplicates = parsed.GetValue(_excludeDuplicates),
            Device = parsed.GetValue(Device),
            Threads = parsed.GetValue(Threads),
            Precision = parsed.GetValue(Precision) ?? default,
            Batch = (int?)settings.Get("batch", parsed),
            Accumulate = (int?)settings.Get("accumulate", parsed),
            SettingsFor = own => settings.Apply(own, parsed) with { Precision = parsed.GetValue(Precision) ?? own.Precision },
        };
    }

    private static void CheckRecipe(string name)
    {
        if (!Recipe.Names.Contains(name))
            throw new UsageException($"--recipe expects {string.Join(" or ", Recipe.Names)}, but got '{name}'.");
    }
}
