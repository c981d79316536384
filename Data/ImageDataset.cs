using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;

namespace GpuCnn.Data;

/// <summary>
/// A split brought to a network's input: what the trainer reads. Fitted images are kept as bytes as far as there is room.
/// </summary>
public sealed class ImageDataset : IDataset
{
    private readonly ImageSplit split;
    private readonly ImagePreprocessor preprocessor;
    private readonly Augmentation augmentation;
    private readonly int workers;

    /// <summary>
    /// Fitted images [C, H, W] by index, filled as they are first read. Two threads may fit the same one: they get the same bytes.
    /// </summary>
    private readonly byte[]?[] cache;

    /// <param name="split">The images.</param>
    /// <param name="preprocessor">How they become the network's input.</param>
    /// <param name="augmentation">Of training batches; null is none.</param>
    /// <param name="workers">Threads that a reader fills batches with; null is two, or one on a single core.</param>
    /// <param name="cacheBytes">Room for fitted images; those beyond it are decoded each time they are read.</param>
    public ImageDataset(
        ImageSplit split, ImagePreprocessor preprocessor, Augmentation? augmentation = null,
        int? workers = null, long cacheBytes = 1L << 30)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cacheBytes);
        this.split = split;
        this.preprocessor = preprocessor;
        this.augmentation = augmentation ?? Augmentation.None;
        this.workers = workers ?? Math.Min(2, Environment.ProcessorCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(this.workers, 1, nameof(workers));
        cache = new byte[]?[(int)Math.Min(split.Count, cacheBytes / preprocessor.Shape.Count)];
    }

    public string Description => $"{split.Description}, {Count:N0} images as {Shape}";

    public Shape Shape => preprocessor.Shape;

    public IReadOnlyList<string> Classes => split.Classes;

    public int Count => split.Count;

    /// <inheritdoc/>
    /// <exception cref="GpuCnnException">There are fewer images than a batch takes.</exception>
    public IBatchReader ReadTraining(int batch, ulong seed, long firstStep)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        if (batch > Count)
            throw new GpuCnnException($"Training on {split.Description} expects a batch of at most its {Count:N0} images, " +
                $"but got {batch:N0}; choose a smaller batch.");
        return new BatchReader(this, batch, new TrainingOrder(Count, batch, seed), firstStep, workers);
    }

    /// <inheritdoc/>
    public IBatchReader ReadEvaluation(int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return new BatchReader(this, batch, new FileOrder(Count, batch), 0, workers);
    }

    internal int Label(int image) => split.Labels[image];

    /// <summary>Writes an image, [C, H, W].</summary>
    internal void Write(int image, SampleTransform transform, Span<float> destination) =>
        preprocessor.Normalise(Fitted(image), transform, destination);

    internal SampleTransform Augment(ulong seed, long epoch, int image) => augmentation.Draw(seed, epoch, image);

    private byte[] Fitted(int image)
    {
        if (image < cache.Length && Volatile.Read(ref cache[image]) is { } known) return known;
        byte[] fitted = ImagePreprocessor.FitToPlanes(split.Read(image), Shape, preprocessor.Fit);
        if (image < cache.Length) Volatile.Write(ref cache[image], fitted);
        return fitted;
    }
}
