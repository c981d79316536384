namespace GpuCnn.Data;

/// <summary>
/// Keeps decoded pictures of a split in their form (<see cref="PictureForm"/>), as far as there is room. It replaces nothing, because an
/// epoch reads everything once. A kept picture gives the same result as its file. Safe to use from several threads.
/// </summary>
internal abstract class PictureCache : IDisposable
{
    /// <summary>Opens a kept picture in the decoder of <paramref name="writer"/>; false if it is not kept.</summary>
    /// <param name="image">Index within the split.</param>
    /// <param name="writer">Owned by the calling thread.</param>
    /// <param name="record">The calling thread's buffer for what is read.</param>
    public abstract bool TryOpen(int image, SampleWriter writer, Picture record);

    /// <summary>Keeps the picture that <paramref name="writer"/> has open, if there is room, and then opens it in its form.</summary>
    public void Offer(int image, SampleWriter writer)
    {
        long bytes = writer.FormBytes();
        if (bytes <= 0 || !TryReserve(image, bytes)) return;
        bool isKept = false;
        try
        {
            isKept = TryKeep(image, writer.ToForm());
        }
        finally
        {
            if (!isKept) Release(bytes);
        }
    }

    public abstract void Dispose();

    protected abstract bool TryReserve(int image, long bytes);

    protected abstract void Release(long bytes);

    /// <summary>Keeps a copy of the picture; false if that fails, or the picture is kept already.</summary>
    protected abstract bool TryKeep(int image, Picture picture);
}

/// <summary>Keeps pictures in the memory of the process.</summary>
internal sealed class MemoryCache(int count, CacheBudget budget) : PictureCache
{
    private readonly PixelImage?[] _images = new PixelImage?[count];

    public override bool TryOpen(int image, SampleWriter writer, Picture record)
    {
        if (Volatile.Read(ref _images[image]) is not { } known) return false;
        writer.Opened(writer.Decoder.Open(known), inForm: true);
        return true;
    }

    public override void Dispose() { }

    protected override bool TryReserve(int image, long bytes) => budget.TryTake(bytes);

    protected override void Release(long bytes) => budget.GiveBack(bytes);

    // Two threads may bring the same picture. Its bytes are the same, and the first copy is kept.
    protected override bool TryKeep(int image, Picture picture) =>
        Interlocked.CompareExchange(ref _images[image], picture.ToImage(), null) is null;
}
