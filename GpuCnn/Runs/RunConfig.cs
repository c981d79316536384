using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Models;

namespace GpuCnn.Runs;

/// <summary>A run's <c>config.json</c>: all that is needed to go on with it or to repeat it.</summary>
internal sealed record RunConfig
{
    private const int CurrentVersion = 3, FlatVersion = 1;

    /// <summary>Of this file's meaning.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Version of the gpucnn that began the run.</summary>
    [JsonPropertyName("gpucnn")]
    public required string GpuCnn { get; init; }

    /// <summary>Version of .NET that it ran on.</summary>
    public required string Runtime { get; init; }

    public required string Model { get; init; }

    /// <summary>Name of the recipe that gave what the options did not.</summary>
    public string Recipe { get; init; } = global::GpuCnn.Models.Recipe.Default;

    /// <summary>[C, H, W]</summary>
    public required int[] Input { get; init; }

    public required IReadOnlyList<string> Classes { get; init; }

    public required IReadOnlyList<float> Mean { get; init; }

    public required IReadOnlyList<float> Std { get; init; }

    public required ImageFit Fit { get; init; }

    public required string Augmentation { get; init; }

    /// <summary>Pixels that the shorter side of images that are judged is scaled to; 0 where they are scaled until they cover the
    /// input.</summary>
    public int ResizeTo { get; init; }

    /// <summary>Whether EXIF's orientation is left alone.</summary>
    public bool IgnoresExif { get; init; }

    /// <summary>Threads and caches, as far as they were named.</summary>
    public FeedRequest Feed { get; init; } = new();

    /// <summary>What is written for TensorBoard; null for nothing.</summary>
    public TensorBoardOptions? TensorBoard { get; init; }

    /// <summary>Data set, as it was named.</summary>
    public required string Data { get; init; }

    /// <summary>The same, wherever the run is resumed from.</summary>
    public required string DataFullPath { get; init; }

    /// <summary>Data set to validate on, as it was named, where it is another one.</summary>
    public string? Validation { get; init; }

    public string? ValidationFullPath { get; init; }

    /// <summary>Images trained on; with another number of them the order would be another.</summary>
    public required int TrainingImages { get; init; }

    /// <summary>What becomes of images that cannot be read.</summary>
    public BadImagePolicy BadImages { get; init; }

    /// <summary>Whether pictures that the data set has more than once are left out.</summary>
    public bool ExcludeDuplicates { get; init; }

    /// <summary>
    /// Share of each class that is held out to validate on; null where 10 % are, if there are enough images and no others to validate on.
    /// </summary>
    public double? HeldOut { get; init; }

    /// <summary>Decides which images are held out; null is the run's seed.</summary>
    public ulong? HoldOutSeed { get; init; }

    /// <summary>Images that the run validates on, by content; null where there are none, and in runs of earlier releases.</summary>
    public ImageHashes? Validated { get; init; }

    /// <summary>Some or all of the images that the run trains on, by content; null in runs of earlier releases.</summary>
    public ImageHashes? Trained { get; init; }

    /// <summary>Hash of the images' order and labels; null in runs of earlier releases.</summary>
    public string? ImageOrder { get; init; }

    /// <summary>Weights that the run started from, if any.</summary>
    public string? Weights { get; init; }

    /// <summary>Paths of the parameters that were drawn at random all the same, because the weights are of other classes.</summary>
    public IReadOnlyList<string>? StartedAnew { get; init; }

    /// <summary>Patterns of the paths of parameters that training leaves as they are.</summary>
    public IReadOnlyList<string>? Freeze { get; init; }

    /// <summary>Whether batch norms use and keep their running statistics in training.</summary>
    public bool FreezeBatchNorm { get; init; }

    /// <summary>The device computed on; never <c>auto</c>, so that a resumed run goes on where it was.</summary>
    public required string Device { get; init; }

    public required string DeviceDescription { get; init; }

    public int? Threads { get; init; }

    public required TrainingSettings Settings { get; init; }

    /// <summary>Ranks of the last session; null for one process. A run goes on with any number of them.</summary>
    public int? Ranks { get; init; }

    /// <summary>Host and device of each rank of the last session.</summary>
    public IReadOnlyList<string>? RankDevices { get; init; }

    /// <summary>Ranks that the learning rate was multiplied by when the run began; null where it was not.</summary>
    public int? RateScale { get; init; }

    /// <summary>Algorithms that the run's plans took, by problem, where the device has several.</summary>
    public IReadOnlyDictionary<string, string>? Algorithms { get; init; }

    [JsonIgnore]
    public ModelMetadata Metadata => new(Model, Shape.Volume(Input[0], Input[1], Input[2]), Classes, Mean, Std, Fit)
    {
        ResizeTo = ResizeTo,
        IgnoresExif = IgnoresExif,
        Validated = Validated,
        Trained = Trained,
    };

    /// <summary>The configuration of a run that begins.</summary>
    public static RunConfig Of(Model model, ImageData data, FitOptions options)
    {
        ModelMetadata metadata = model.Metadata;
        TrainingSettings settings = Shorten(options, data.Training.Count);
        return new()
        {
            GpuCnn = typeof(RunConfig).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            Runtime = System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
            Model = model.Name,
            Recipe = model.RecipeName,
            Input = model.Input.Dimensions,
            Classes = model.Classes,
            Mean = metadata.Mean,
            Std = metadata.Std,
            Fit = metadata.Fit,
            Augmentation = options.Augment.ToString(),
            ResizeTo = metadata.ResizeTo,
            IgnoresExif = metadata.IgnoresExif,
            Feed = options.Feed,
            TensorBoard = options.TensorBoard,
            Data = data.Path ?? "",
            DataFullPath = data.Path is { } path ? Path.GetFullPath(path) : "",
            Validation = data.ValidationPath,
            ValidationFullPath = data.ValidationPath is { } other ? Path.GetFullPath(other) : null,
            TrainingImages = data.Training.Count,
            BadImages = options.BadImages,
            ExcludeDuplicates = data.ExcludesDuplicates,
            HeldOut = data.HeldOut,
            HoldOutSeed = data.HeldOut == 0 || data.HoldOutSeed == options.Seed ? null : data.HoldOutSeed,
            Weights = model.CanStartAgain ? model.Source : null,
            StartedAnew = model.CanStartAgain && model.Reinitialized.Count > 0 ? model.Reinitialized : null,
            Freeze = model.Frozen.Count > 0 ? model.Frozen : null,
            FreezeBatchNorm = model.FreezesBatchNorm,
            Device = model.Device.Name,
            DeviceDescription = model.Device.Description,
            Threads = options.Threads,
            Settings = settings,
            Ranks = options.Ranks.IsAlone ? null : options.Ranks.Size,
            RateScale = options.RateScale,
        };
    }

    /// <summary>This configuration with the images that the run uses.</summary>
    public RunConfig WithImages(ImageData data) =>
        this with
        {
            Validated = UsedImages.Validated(data),
            Trained = UsedImages.Trained(data),
            ImageOrder = RunData.OrderOf(data),
        };

    /// <summary>Lifts a limit of steps that the epochs would not reach.</summary>
    public static TrainingSettings Shorten(TrainingSettings settings, int images)
    {
        long most = (long)settings.Epochs * (images / settings.EffectiveBatch);
        return settings.Steps >= most && most > 0 ? settings with { Steps = null } : settings;
    }

    /// <summary>The model of the run, with the weights that it started from and on a device that it owns.</summary>
    /// <param name="folder">The run's.</param>
    /// <param name="hasCheckpoints">
    /// Whether a checkpoint will give it all weights; those that the run started from may be gone by then.
    /// </param>
    /// <param name="layers">Those of a network of the user's own.</param>
    /// <exception cref="GpuCnnException">The architecture is not known, or the weights are missing or do not fit.</exception>
    public Model CreateModel(string folder, bool hasCheckpoints, Layer? layers, Device device)
    {
        Architecture? architecture = layers is null ? Architecture.All.FirstOrDefault(known => known.Name == Model)
            ?? throw new UnknownModelException(
                $"The run in '{folder}' trains '{Model}', which is none of the known models.", Model) : null;
        ModelMetadata metadata = Metadata;
        ModelFile? file = Weights is null || hasCheckpoints ? null : ModelFile.Load(Weights);
        return global::GpuCnn.Model.Resumed(
            architecture, layers, metadata, device, Recipe, file, Weights, StartedAnew ?? [], Freeze ?? [], FreezeBatchNorm);
    }

    public string ToJson() => Json.Of(this) + "\n";

    /// <summary>Reads the configuration of a run.</summary>
    /// <exception cref="GpuCnnException">It is damaged, or of another version.</exception>
    public static RunConfig Read(RunDirectory run) =>
        Parse(RegularFile.IsEmpty(run.ConfigPath) ? "" : File.ReadAllText(run.ConfigPath), run.ConfigPath);

    /// <summary>Reads the text of a configuration.</summary>
    /// <param name="path">Where it is from, for messages.</param>
    /// <inheritdoc cref="Read"/>
    public static RunConfig Parse(string text, string path)
    {
        try
        {
            if (text.Length == 0) throw new JsonException("it is empty, a pipe or a device");
            JsonNode node = JsonNode.Parse(text) ?? throw new JsonException("it is empty");
            if (node["version"]?.GetValue<int>() is >= FlatVersion and < CurrentVersion && node["settings"] is JsonObject settings)
            {
                FlatSettings.Upgrade(settings);
                EarlierSchedules.Upgrade(settings);
                node["version"] = CurrentVersion;
            }
            RunConfig config = node.Deserialize<RunConfig>(Json.Options) ?? throw new JsonException("it is empty");
            if (config.Version != CurrentVersion)
                throw new GpuCnnException(
                    $"'{path}' is of version {config.Version}; expected version {CurrentVersion}. "
                        + "Resume the run with the release "
                    + "that began it.");
            if (config.Input.Length != 3) throw new JsonException("input is not [C, H, W]");
            return config;
        }
        catch (Exception exception) when (
            exception is JsonException or NotSupportedException or ArgumentException or InvalidOperationException or SettingException)
        {
            throw new GpuCnnException(
                $"'{path}' is not the configuration of a run, or a damaged one: "
                    + $"{exception.Message.ReplaceLineEndings(" ").TrimEnd('.')}. Start the run again.", exception);
        }
    }
}
