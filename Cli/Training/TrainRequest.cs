using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;

namespace GpuCnn.Cli.Training;

/// <summary>The options of <c>train</c>; null where one was not given.</summary>
internal sealed record TrainRequest
{
    public string? Model { get; init; }

    public string? Data { get; init; }

    public string? Validation { get; init; }

    public string? Weights { get; init; }

    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Whether batch norms use and keep their running statistics.</summary>
    public bool FreezeBatchNorm { get; init; }

    public string? Out { get; init; }

    public string? Resume { get; init; }

    public string? Recipe { get; init; }

    public Shape? Input { get; init; }

    public ImageFit? Fit { get; init; }

    public string? Augmentation { get; init; }

    /// <summary>Pixels that the shorter side of judged images is scaled to.</summary>
    public int? ResizeTo { get; init; }

    /// <summary>Pixels of the input's sides, in place of <see cref="Input"/>.</summary>
    public int? Crop { get; init; }

    public bool IgnoresExif { get; init; }

    public FeedRequest Feed { get; init; } = new();

    public BadImagePolicy? BadImages { get; init; }

    public bool ExcludeDuplicates { get; init; }

    public string? Device { get; init; }

    public int? Threads { get; init; }

    /// <summary>For which a device is opened; the settings have it too.</summary>
    public Precision Precision { get; init; }

    /// <summary>Of a run that is resumed; for a new one see <see cref="SettingsFor"/>.</summary>
    public int? Epochs { get; init; }

    /// <inheritdoc cref="Epochs"/>
    public long? Steps { get; init; }

    public long? SaveEvery { get; init; }

    /// <inheritdoc cref="Epochs"/>
    public int? EarlyStop { get; init; }

    /// <inheritdoc cref="Epochs"/>
    public Duration? TimeLimit { get; init; }

    /// <summary>Images of a step; null leaves them to recipe and data set.</summary>
    public int? Batch { get; init; }

    /// <summary>Images of a batch on each rank, in place of <see cref="Batch"/>.</summary>
    public int? BatchPerRank { get; init; }

    /// <summary>Whether the learning rate is multiplied by the number of ranks.</summary>
    public bool ScalesRate { get; init; }

    /// <summary>Whether epochs of warm-up were given.</summary>
    public bool HasWarmup { get; init; }

    /// <summary>Batches of a step; null leaves them to the recipe.</summary>
    public int? Accumulate { get; init; }

    /// <summary>Whether a batch that does not fit in memory is refused.</summary>
    public bool FixedBatch { get; init; }

    /// <summary>Whether a learning rate was given, so that none is derived.</summary>
    public bool HasRate { get; init; }

    /// <summary>What is written for TensorBoard; null for nothing, or for what a resumed run wrote before.</summary>
    public TensorBoardOptions? TensorBoard { get; init; }

    public float? SaveEveryMinutes { get; init; }

    /// <summary>Checkpoints that stay; 0 is all.</summary>
    public int? Keep { get; init; }

    /// <summary>A recipe's settings with the numbers of the command line in their place.</summary>
    public required Func<TrainingSettings, TrainingSettings> SettingsFor { get; init; }
}
