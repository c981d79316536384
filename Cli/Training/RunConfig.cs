using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using GpuCnn.Cli.Output;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>A run's <c>config.json</c>: all that is needed to go on with it or to repeat it.</summary>
internal sealed record RunConfig
{
    private const int CurrentVersion = 2, FlatVersion = 1;

    /// <summary>Of this file's meaning.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Version of the gpucnn that began the run.</summary>
    [JsonPropertyName("gpucnn")]
    public required string GpuCnn { get; init; }

    /// <summary>Version of .NET that it ran on.</summary>
    public required string Runtime { get; init; }

    public required string Model { get; init; }

    /// <summary>Name of the recipe that gave what the options did not.</summary>
    public string Recipe { get; init; } = Models.Recipe.Default;

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

    /// <summary>Weights that the run started from, if any.</summary>
    public string? Weights { get; init; }

    /// <summary>Paths of the parameters that were drawn at random all the same, because the weights are of other classes.</summary>
    public IReadOnlyList<string>? StartedAnew { get; init; }

    /// <summary>Patterns of the paths of parameters that training leaves as they are.</summary>
    public IReadOnlyList<string>? Freeze { get; init; }

    /// <summary>The device computed on; never <c>auto</c>, so that a resumed run goes on where it was.</summary>
    public required string Device { get; init; }

    public required string DeviceDescription { get; init; }

    public int? Threads { get; init; }

    public required TrainingSettings Settings { get; init; }

    /// <summary>Algorithms that the run's plans took, by problem, where the device has several.</summary>
    public IReadOnlyDictionary<string, string>? Algorithms { get; init; }

    [JsonIgnore]
    public ModelMetadata Metadata => new(Model, Shape.Volume(Input[0], Input[1], Input[2]), Classes, Mean, Std, Fit)
    {
        ResizeTo = ResizeTo,
        IgnoresExif = IgnoresExif
    };

    public string ToJson() => Json.Of(this) + "\n";

    /// <summary>Reads the configuration of a run.</summary>
    /// <exception cref="GpuCnnException">It is damaged, or of another version.</exception>
    public static RunConfig Read(RunDirectory run)
    {
        try
        {
            JsonNode node = JsonNode.Parse(File.ReadAllText(run.ConfigPath)) ?? throw new JsonException("it is empty");
            if (node["version"]?.GetValue<int>() == FlatVersion && node["settings"] is JsonObject settings)
            {
                FlatSettings.Upgrade(settings);
                node["version"] = CurrentVersion;
            }
            RunConfig config = node.Deserialize<RunConfig>(Json.Options) ?? throw new JsonException("it is empty");
            if (config.Version != CurrentVersion)
                throw new GpuCnnException($"'{run.ConfigPath}' is of version {config.Version}; expected version {CurrentVersion}. Resume the run with the gpucnn that began it.");
            if (config.Input.Length != 3) throw new JsonException("input is not [C, H, W]");
            return config;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or ArgumentException or InvalidOperationException or SettingException)
        {
            throw new GpuCnnException(
                $"'{run.ConfigPath}' is not the configuration of a run, or a damaged one: {exception.Message.ReplaceLineEndings(" ").TrimEnd('.')}. Start the run again.", exception);
        }
    }
}
