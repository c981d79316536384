namespace GpuCnn.Data;

/// <summary>Which images the batch of a step holds. One thread asks at a time, for one step after another.</summary>
internal abstract class ImageOrder
{
    /// <summary>Views of each image, one after another: image i is view i modulo this of image i / this of the split.</summary>
    public virtual int Views => 1;

    /// <summary>The seed of augmentation; null where images are read as they are.</summary>
    public abstract ulong? Seed { get; }

    /// <summary>Writes the images of <paramref name="step"/>; returns how many, 0 at the end, and the epoch they belong to.</summary>
    public abstract int Images(long step, Span<int> images, out long epoch);
}

/// <summary>Every image once, or every view of it, in file order.</summary>
/// <param name="count">Images, or views of all of them.</param>
internal sealed class FileOrder(int count, int batch, int views = 1) : ImageOrder
{
    public override int Views => views;

    public override ulong? Seed => null;

    public override int Images(long step, Span<int> images, out long epoch)
    {
        epoch = 0;
        long first = step * batch;
        int filled = (int)Math.Clamp(count - first, 0, batch);
        for (int i = 0; i < filled; i++) images[i] = (int)first + i;
        return filled;
    }
}

/// <summary>
/// A new order each epoch (<see cref="ImageSplit.Shuffle"/>), of which the images that fill no batch are left out; a function of the seed
/// and the epoch.
/// </summary>
internal sealed class TrainingOrder(ImageSplit split, int batch, ulong seed) : ImageOrder
{
    private readonly int[] _order = new int[split.Count];
    private long _orderedEpoch = -1;

    public override ulong? Seed => seed;

    public override int Images(long step, Span<int> images, out long epoch)
    {
        long stepsPerEpoch = _order.Length / batch;
        epoch = step / stepsPerEpoch;
        if (epoch != _orderedEpoch)
        {
            split.Shuffle(_order, seed, epoch);
            _orderedEpoch = epoch;
        }
        _order.AsSpan((int)(step % stepsPerEpoch) * batch, batch).CopyTo(images);
        return batch;
    }
}
