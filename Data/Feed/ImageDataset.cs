using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Data;

/// <summary>
/// A split converted to a network's input, as the trainer reads it. Decoded pictures are kept as far as there is room, in a form that gives
/// the same batches as the files.
/// </summary>
public sealed class ImageDataset : IDataset, IDisposable
{
    private readonly ImageSplit _split;
    private readonly ImagePreprocessor _preprocessor;
    private readonly Augmentation _augmentation;
    private readonly FeedOptions _options;
    private readonly Lazy<PictureCache?> _trainingCache, _evaluationCache;

    // The share of the rank that reads, known when it first does.
    private Shard _shard = Shard.Whole;

    /// <param name="split">The images.</param>
    /// <param name="preprocessor">Converts images to the network's input.</param>
    /// <param name="augmentation">Changes training images; null for none.</param>
    /// <param name="options">Threads, caches, mixing; null for a run's defaults.</param>
    /// <param name="badImages">Handles images that cannot be read; null makes the reader throw at the first.</param>
    /// <exception cref="SettingConflictException">Classes are to be drawn equally often, but the split is streamed.</exception>
    public ImageDataset(
        ImageSplit split, ImagePreprocessor preprocessor, Augmentation? augmentation = null, FeedOptions? options = null,
        BadImages? badImages = null)
    {
        _split = split;
        _preprocessor = preprocessor;
        _augmentation = augmentation ?? Augmentation.None;
        _options = options ?? new FeedOptions();
        if (_options.DrawsClassesEvenly && split.IsStreamed)
        {
            throw new SettingConflictException($"Drawing all classes equally often expects images that can be read in any order, but " +
                $"those of {split.Description} are read front to back.", ["balanced-sampling"]);
        }
        BadImages = badImages ?? new BadImages(split, split.Description, new BadImageLog(BadImagePolicy.Fail));
        Workers = _options.Workers ?? Math.Min(2, Environment.ProcessorCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1, nameof(options));
        _trainingCache = new(() => _options.CreateCache(split, preprocessor, _augmentation, _shard));
        // Fitted pictures serve both training and evaluation.
        _evaluationCache = !_augmentation.Frames ? _trainingCache
            : new(() => _options.CreateCache(split, preprocessor, Augmentation.None, _shard));
    }

    public string Description => $"{_split.Description}, {Count:N0} images as {Shape}";

    public Shape Shape => _preprocessor.Shape;

    public IReadOnlyList<string> Classes => _split.Classes;

    public int Count => _split.Count;

    public bool DrawsClassesEvenly => _options.DrawsClassesEvenly;

    public IReadOnlyList<int>? CountPerClass => _split.CountPerClass();

    /// <summary>Number of threads that fill a reader's batches.</summary>
    public int Workers { get; }

    /// <inheritdoc/>
    /// <exception cref="GpuCnnException">
    /// There are fewer images than a batch takes, or fewer in a batch than ranks, or the cache on disk cannot be used.
    /// </exception>
    public IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard? shard = null) =>
        ReadTraining(batch, seed, firstStep, shard ?? Shard.Whole, clocks: null);

    /// <param name="clocks">Receives a clock per worker; null measures nothing.</param>
    internal IBatchReader ReadTraining(int batch, ulong seed, long firstStep, Shard shard, List<StageClock>? clocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        if (batch > Count)
            throw new GpuCnnException($"Training on {_split.Description} expects a batch of at most its {Count:N0} images, " +
                $"but got {batch:N0}; choose a smaller batch.");
        ArgumentOutOfRangeException.ThrowIfNotEqual(batch % shard.Parts, 0, nameof(batch));
        if (batch / shard.Parts < shard.Ranks)
            throw new GpuCnnException($"Training on {shard.Ranks:N0} ranks expects a batch of at least one image for each, but got " +
                $"{batch / shard.Parts:N0}; choose a larger batch or fewer ranks.");
        ImageOrder order = _options.DrawsClassesEvenly ? new BalancedOrder(_split, batch, seed) : new TrainingOrder(_split, batch, seed);
        if (shard.Ranks > 1) order = new ShardedOrder(order, batch, shard);
        _shard = shard;
        return new BatchReader(this, shard.CountOfStep(batch), order, firstStep, Workers, _options.Mixing?.ForRank(shard.Rank), clocks);
    }

    /// <inheritdoc/>
    public IBatchReader ReadEvaluation(int batch, Shard? shard = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        shard ??= Shard.Whole;
        (int first, int count) = shard.Of(Count);
        _shard = shard;
        return new BatchReader(this, batch, new FileOrder(first, count, batch), 0, Workers, mixing: null);
    }

    /// <summary>Reads the ten crops (<see cref="TenCrops"/>) of each image one after another, in file order.</summary>
    /// <param name="batch">Crops per batch, a multiple of <see cref="Crops"/>.</param>
    /// <param name="shard">The rank's range of images; null reads all.</param>
    public IBatchReader ReadTenCrops(int batch, Shard? shard = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(batch > 0 && batch % Crops == 0, true, nameof(batch));
        (int first, int count) = (shard ?? Shard.Whole).Of(Count);
        return new BatchReader(this, batch, new FileOrder(first, count, batch, Crops), 0, Workers, mixing: null);
    }

    /// <summary>Number of views of an image that <see cref="ReadTenCrops"/> gives.</summary>
    public const int Crops = TenCrops.Count;

    /// <inheritdoc/>
    public void ShareUnreadable(Communicator ranks)
    {
        try
        {
            BadImages.Log.Share(ranks);
        }
        catch (TooManyBadImagesException exception)
        {
            throw new UnreadableDataException(exception.Message, exception);
        }
    }

    /// <summary>Closes the caches; no reader may be in use.</summary>
    public void Dispose()
    {
        foreach (Lazy<PictureCache?> cache in (Lazy<PictureCache?>[])[_trainingCache, _evaluationCache])
            if (cache.IsValueCreated) cache.Value?.Dispose();
    }

    internal BadImages BadImages { get; }

    internal int Label(int image) => _split.Labels[image];

    /// <param name="training">Whether images are changed at random.</param>
    /// <param name="tenCrops">Whether each image has ten views.</param>
    internal FeedWorker CreateWorker(bool training, bool tenCrops) => tenCrops
        ? new(_split, TenCrops.Of(_preprocessor), _preprocessor, cache: null, hasViews: true)
        : new(_split, training ? _augmentation : Augmentation.None, _preprocessor, (training ? _trainingCache : _evaluationCache).Value,
            hasViews: false);
}
