using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;

namespace GpuCnn.Data;

/// <summary>
/// A split brought to a network's input: what the trainer reads. Fitted images are kept as bytes as far as there is room.
/// </summary>
public sealed class ImageDataset : IDataset
{
    private readonly ImageSplit _split;
    private readonly ImagePreprocessor _preprocessor;
    private readonly Augmentation _augmentation;
    private readonly int _workers;
    private readonly BadImages _badImages;

    /// <summary>
    /// Fitted images [C, H, W] by index, filled as they are first read. Two threads may fit the same one: they get the same bytes.
    /// </summary>
    private readonly byte[]?[] _cache;

    /// <param name="split">The images.</param>
    /// <param name="preprocessor">How they become the network's input.</param>
    /// <param name="augmentation">Of training batches; null is none.</param>
    /// <param name="workers">Threads that a reader fills batches with; null is two, or one on a single core.</param>
    /// <param name="cacheBytes">Room for fitted images; those beyond it are decoded each time they are read.</param>
    /// <param name="badImages">What becomes of images that cannot be read; null lets the reader throw at the first.</param>
    public ImageDataset(
        ImageSplit split, ImagePreprocessor preprocessor, Augmentation? augmentation = null,
        int? workers = null, long cacheBytes = 1L << 30, BadImages? badImages = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cacheBytes);
        _split = split;
        _preprocessor = preprocessor;
        _augmentation = augmentation ?? Augmentation.None;
        _badImages = badImages ?? new BadImages(split, split.Description, new BadImageLog(BadImagePolicy.Fail));
        _workers = workers ?? Math.Min(2, Environment.ProcessorCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(_workers, 1, nameof(workers));
        _cache = new byte[]?[(int)Math.Min(split.Count, cacheBytes / preprocessor.Shape.Count)];
    }

    public string Description => $"{_split.Description}, {Count:N0} images as {Shape}";

    public Shape Shape => _preprocessor.Shape;

    public IReadOnlyList<string> Classes => _split.Classes;

    public int Count => _split.Count;

    /// <inheritdoc/>
    /// <exception cref="GpuCnnException">There are fewer images than a batch takes.</exception>
    public IBatchReader ReadTraining(int batch, ulong seed, long firstStep)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        if (batch > Count)
            throw new GpuCnnException($"Training on {_split.Description} expects a batch of at most its {Count:N0} images, " +
                $"but got {batch:N0}; choose a smaller batch.");
        return new BatchReader(this, batch, new TrainingOrder(_split, batch, seed), firstStep, _workers);
    }

    /// <inheritdoc/>
    public IBatchReader ReadEvaluation(int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return new BatchReader(this, batch, new FileOrder(Count, batch), 0, _workers);
    }

    internal BadImages BadImages => _badImages;

    internal int Label(int image) => _split.Labels[image];

    /// <summary>Writes an image, [C, H, W].</summary>
    internal void Write(int image, SampleTransform transform, Span<float> destination) =>
        _preprocessor.Normalise(Fitted(image), transform, destination);

    internal SampleTransform Augment(ulong seed, long epoch, int image) => _augmentation.Draw(seed, epoch, image);

    private byte[] Fitted(int image)
    {
        if (image < _cache.Length && Volatile.Read(ref _cache[image]) is { } known) return known;
        byte[] fitted = ImagePreprocessor.FitToPlanes(_split.Read(image), Shape, _preprocessor.Fit);
        if (image < _cache.Length) Volatile.Write(ref _cache[image], fitted);
        return fitted;
    }
}
