namespace GpuCnn.Data;

/// <summary>Reads images of a split into their places, on one thread.</summary>
internal sealed class FeedWorker : IDisposable
{
    private readonly ImageSplit _split;
    private readonly PictureCache? _cache;
    private readonly SampleWriter _writer;
    private readonly Picture _record = new();
    private readonly bool _hasViews;

    /// <summary>The image whose views are being written, open in its form; -1 for none.</summary>
    private int _viewed = -1;

    /// <param name="hasViews">Whether the ten crops of each image are asked for, one after another.</param>
    public FeedWorker(ImageSplit split, Augmentation augmentation, ImagePreprocessor preprocessor, PictureCache? cache, bool hasViews)
    {
        _split = split;
        _cache = cache;
        _hasViews = hasViews;
        _writer = new SampleWriter(preprocessor, augmentation);
    }

    /// <summary>Measures the stages; null measures nothing.</summary>
    public StageClock? Clock { get => _writer.Clock; set => _writer.Clock = value; }

    /// <summary>Writes an image: [H, W, C].</summary>
    /// <param name="image">Index within the split.</param>
    /// <param name="seed">Seed of its random changes; null writes it as for evaluation.</param>
    /// <param name="epoch">Epoch of its random changes.</param>
    /// <param name="view">Index of its view; 0 if there is only one.</param>
    /// <param name="target">H · W · C values.</param>
    /// <exception cref="Engine.GpuCnnException">The image cannot be read.</exception>
    public void Write(int image, ulong? seed, long epoch, int view, Span<float> target)
    {
        if (_hasViews)
        {
            if (_viewed != image)
            {
                _viewed = -1;
                Open(image);
                if (_writer.FormBytes() > 0) _ = _writer.ToForm();
                _viewed = image;
            }
            _writer.WriteCrop(view, target);
            return;
        }
        Open(image);
        if (seed is { } known)
        {
            RandomStream random = Augmentation.Draws(known, epoch, image);
            _writer.Write(ref random, target);
        }
        else
        {
            _writer.Write(target);
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _record.Dispose();
    }

    private void Open(int image)
    {
        long start = StageClock.Now;
        if (_cache is not null && _cache.TryOpen(image, _writer, _record))
        {
            Clock?.Add(Stage.Read, start);
            return;
        }
        _writer.Opened(_split.Open(image, _writer.Decoder), inForm: false);
        Clock?.Add(Stage.Read, start);
        _cache?.Offer(image, _writer);
    }
}
