using GpuCnn.Engine.Datasets;

namespace GpuCnn.Data;

/// <summary>Decides which images each step's batch holds. One thread asks at a time, for consecutive steps.</summary>
internal abstract class ImageOrder
{
    /// <summary>Number of views of each image: image i is view i modulo this number of the split's image i / this number.</summary>
    public virtual int Views => 1;

    /// <summary>The seed of augmentation; null if images are read unchanged.</summary>
    public abstract ulong? Seed { get; }

    /// <summary>Writes the images of a step; returns their number, 0 at the end.</summary>
    /// <param name="images">The images, or views.</param>
    /// <param name="rounds">
    /// For each image, how often it was drawn before: its random changes follow from that, so that no two draws of it are alike.
    /// </param>
    public abstract int Images(long step, Span<int> images, Span<long> rounds);
}

/// <summary>A range of images, or every view of each, once, in file order.</summary>
/// <param name="first">The first image.</param>
/// <param name="count">Number of images.</param>
/// <param name="batch">Images of a batch, or views.</param>
internal sealed class FileOrder(int first, int count, int batch, int views = 1) : ImageOrder
{
    private readonly int _first = checked(first * views), _end = checked((first + count) * views);

    public override int Views => views;

    public override ulong? Seed => null;

    public override int Images(long step, Span<int> images, Span<long> rounds)
    {
        long from = _first + step * batch;
        int filled = (int)Math.Clamp(_end - from, 0, batch);
        for (int i = 0; i < filled; i++) images[i] = (int)from + i;
        rounds.Clear();
        return filled;
    }
}

/// <summary>
/// A new order each epoch (<see cref="ImageSplit.Shuffle"/>), without the images that do not fill a batch; a function of the seed and the
/// epoch.
/// </summary>
internal sealed class TrainingOrder(ImageSplit split, int batch, ulong seed) : ImageOrder
{
    private readonly int[] _order = new int[split.Count];
    private long _orderedEpoch = -1;

    public override ulong? Seed => seed;

    public override int Images(long step, Span<int> images, Span<long> rounds)
    {
        long stepsPerEpoch = _order.Length / batch, epoch = step / stepsPerEpoch;
        if (epoch != _orderedEpoch)
        {
            split.Shuffle(_order, seed, epoch);
            _orderedEpoch = epoch;
        }
        _order.AsSpan((int)(step % stepsPerEpoch) * batch, batch).CopyTo(images);
        rounds.Fill(epoch);
        return batch;
    }
}

/// <summary>A rank's share of the images of each step of an order.</summary>
/// <param name="order">Of the steps of all ranks.</param>
/// <param name="batch">Images of such a step, a multiple of <see cref="Shard.Parts"/>.</param>
internal sealed class ShardedOrder(ImageOrder order, int batch, Shard shard) : ImageOrder
{
    private readonly int[] _images = new int[batch];
    private readonly long[] _rounds = new long[batch];

    public override ulong? Seed => order.Seed;

    public override int Images(long step, Span<int> images, Span<long> rounds)
    {
        order.Images(step, _images, _rounds);
        int part = batch / shard.Parts;
        (int first, int count) = shard.Of(part);
        for (int i = 0; i < shard.Parts; i++)
        {
            _images.AsSpan(i * part + first, count).CopyTo(images[(i * count)..]);
            _rounds.AsSpan(i * part + first, count).CopyTo(rounds[(i * count)..]);
        }
        return shard.CountOfStep(batch);
    }
}
