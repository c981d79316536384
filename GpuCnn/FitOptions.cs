using GpuCnn.Data;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Models;

namespace GpuCnn;

/// <summary>How a model is fitted: the numbers of training, and how images reach it.</summary>
public record FitOptions : TrainingSettings
{
    public FitOptions() { }

    /// <summary>Takes the numbers of <paramref name="settings"/>.</summary>
    public FitOptions(TrainingSettings settings) : base(settings) { }

    /// <summary>Random changes of training images, as in <c>[new RandomCrop(4), new Flip()]</c>.</summary>
    public Augmentation Augment { get; init; } = Augmentation.None;

    /// <summary>
    /// Whether a batch that the device's memory does not hold is refused; otherwise smaller batches are accumulated, and a step has the
    /// same images.
    /// </summary>
    public bool FixedBatch { get; init; }

    /// <summary>Treatment of images that cannot be read.</summary>
    public BadImagePolicy BadImages { get; init; }

    /// <summary>Threads and caches that images are read with. They change the time, never the result.</summary>
    public FeedRequest Feed { get; init; } = new();

    /// <summary>What is written into <see cref="Folder"/> for TensorBoard; null for nothing.</summary>
    public TensorBoardOptions? TensorBoard { get; init; }

    /// <summary>
    /// Folder of the run: its configuration, metrics, checkpoints to resume from, and final weights. Null trains in memory alone.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>
    /// Ranks that train together, each in a process with a model, the data set and a device of its own; all of them call the same methods.
    /// <see cref="TrainingSettings.Batch"/> is over all ranks. Rank 0 alone has an observer, and writes <see cref="Folder"/>.
    /// </summary>
    public Communicator Ranks { get; init; } = Communicator.Alone;

    /// <summary>A folder that is already held for the run, in place of <see cref="Folder"/>.</summary>
    internal RunDirectory? Directory { get; init; }

    /// <summary>Threads that the device was opened with, for a run that is resumed.</summary>
    internal int? Threads { get; init; }

    /// <summary>Ranks that the learning rate was multiplied by; null where it was not.</summary>
    internal int? RateScale { get; init; }

    /// <summary>The settings of a recipe for an input.</summary>
    internal static FitOptions Of(Recipe recipe, Shape input) =>
        new(recipe.Settings) { Augment = Augmentation.Parse(recipe.Augmentation, input) };
}

/// <summary>What a resumed run does otherwise; null keeps what it has.</summary>
public sealed record ResumeOptions
{
    /// <summary>Epochs of the whole run. Alone, it also lifts a limit of steps.</summary>
    public int? Epochs { get; init; }

    /// <summary>Steps of the whole run; alone, they may go beyond its epochs.</summary>
    public long? Steps { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public long? SaveEvery { get; init; }

    /// <summary>Epochs without a better validation after which the run ends; 0 never ends it so.</summary>
    public int? EarlyStop { get; init; }

    /// <summary>
    /// Time limit of this session (<see cref="TrainingSettings.TimeLimit"/>); null has none, whatever the last session had.
    /// </summary>
    public Duration? TimeLimit { get; init; }

    /// <summary>Minutes between further checkpoints; 0 leaves them out.</summary>
    public float? SaveEveryMinutes { get; init; }

    /// <summary>Checkpoints that stay; 0 keeps all.</summary>
    public int? Keep { get; init; }

    public BadImagePolicy? BadImages { get; init; }

    public FeedRequest Feed { get; init; } = new();

    /// <summary>What is written for TensorBoard from here on.</summary>
    public TensorBoardOptions? TensorBoard { get; init; }

    /// <summary>Name of the device, in place of the run's; it has the run's precision.</summary>
    public string? Device { get; init; }

    /// <summary>Threads of the device, where it has any.</summary>
    public int? Threads { get; init; }

    /// <summary>Where the data set is now, if it was moved. Its images and classes must be the same.</summary>
    public string? DataPath { get; init; }

    /// <summary>Where the data set to validate on is now.</summary>
    public string? ValidationPath { get; init; }

    /// <summary>The images of a run that was not opened from a path.</summary>
    public ImageData? Data { get; init; }

    /// <summary>
    /// Ranks that go on with the run together, as many as before or not; the batch stays. The folder is rank 0's alone.
    /// </summary>
    public Communicator Ranks { get; init; } = Communicator.Alone;

    /// <summary>Told how many images were looked at for duplicates, of how many; from several threads.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>How images are read; null is the default.</summary>
/// <param name="Workers">Threads that decode and change images; by default two, or one on a single core.</param>
/// <param name="Cache">Where decoded pictures are kept; by default in memory.</param>
/// <param name="CacheGiB">Room for kept pictures, in GiB; by default 1.</param>
public sealed record FeedRequest(int? Workers = null, CacheKind? Cache = null, float? CacheGiB = null)
{
    /// <summary>This request, with <paramref name="earlier"/> for what it leaves open.</summary>
    internal FeedRequest Over(FeedRequest earlier) =>
        new(Workers ?? earlier.Workers, Cache ?? earlier.Cache, CacheGiB ?? earlier.CacheGiB);

    internal FeedOptions ToOptions() => new()
    {
        Workers = Workers,
        Cache = Cache ?? CacheKind.Ram,
        Budget = new CacheBudget(CacheGiB is { } size ? (long)((double)size * (1L << 30)) : CacheBudget.Default),
    };
}
