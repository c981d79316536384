namespace GpuCnn.Data;

/// <summary>
/// Keeps decoded pictures of a split in their form (<see cref="PictureForm"/>), as far as there is room; what is in it is never replaced,
/// for
/// an epoch reads everything once. What is made of a kept picture is the same as without the cache. Safe to use from several threads.
/// </summary>
internal abstract class PictureCache : IDisposable
{
    /// <summary>Opens a kept picture in the decoder of <paramref name="writer"/>; false where it is not kept.</summary>
    /// <param name="image">Index within the split.</param>
    /// <param name="writer">The calling thread's own.</param>
    /// <param name="record">The calling thread's room for what is read.</param>
    public abstract bool TryOpen(int image, SampleWriter writer, Picture record);

    /// <summary>Keeps the picture that <paramref name="writer"/> has open, if there is room; then it has it open in its form.</summary>
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

    /// <summary>Keeps a copy of the picture; false where that cannot be done, or it is there already.</summary>
    protected abstract bool TryKeep(int image, Picture picture);
}

/// <summary>In memory of the process.</summary>
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

    // Two threads may bring the same one: they bring the same bytes, and the first is kept.
    protected override bool TryKeep(int image, Picture picture) =>
        Interlocked.CompareExchange(ref _images[image], picture.ToImage(), null) is null;
}
