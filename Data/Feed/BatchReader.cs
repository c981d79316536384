using System.Runtime.ExceptionServices;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;

namespace GpuCnn.Data;

/// <summary>
/// Fills a ring of batches ahead of its caller. Workers claim images, not batches, in order: all of them work on the batch that is wanted
/// next. An image's content depends on (seed, epoch, index) alone, so the number of workers changes nothing but the time. The batch of
/// step s lies in slot s modulo the ring.
/// </summary>
internal sealed class BatchReader : IBatchReader
{
    /// <summary>Batches that are ready, or being filled, beside the caller's.</summary>
    private const int Ahead = 2;

    /// <summary>Small images are claimed in runs of about so many values, so that claiming costs nothing beside them.</summary>
    private const int ClaimedValues = 16384;

    private readonly ImageDataset _dataset;
    private readonly ImageOrder _order;
    private readonly BatchMixing? _mixing;
    private readonly Slot[] _slots = new Slot[Ahead + 1];
    private readonly Thread[] _threads;
    private readonly int _claim;

    /// <summary>Guards everything below and the slots' states; pulsed at every change.</summary>
    private readonly object _gate = new();

    private long _nextDelivery;

    /// <summary>The first step whose images are not claimed yet.</summary>
    private long _nextStep;

    /// <summary>The batch whose images are being claimed, from <see cref="_nextImage"/> on.</summary>
    private Slot? _current;

    private int _nextImage;

    /// <summary>Steps before this one are the caller's no more, and their slots can be filled again.</summary>
    private long _released;

    private bool _isAtEnd, _isDisposed;

    /// <param name="dataset">Where images come from.</param>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="order">Which images a step has; this reader's own.</param>
    /// <param name="firstStep">The first step to deliver.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="mixing">Of the images of a batch; null leaves each its own.</param>
    /// <param name="clocks">Gets a clock of each worker; null measures nothing.</param>
    public BatchReader(ImageDataset dataset, int batch, ImageOrder order, long firstStep, int workers, BatchMixing? mixing,
        List<StageClock>? clocks = null)
    {
        _dataset = dataset;
        _order = order;
        _mixing = mixing;
        _nextStep = _nextDelivery = _released = firstStep;
        // The views of an image are one thread's.
        _claim = order.Views > 1 ? order.Views : Math.Clamp(ClaimedValues / dataset.Shape.Count, 1, 16);
        for (int i = 0; i < _slots.Length; i++) _slots[i] = new Slot(new Batch(dataset.Shape, batch));
        FeedWorker[] feeds = new FeedWorker[workers];
        for (int i = 0; i < workers; i++)
        {
            feeds[i] = dataset.CreateWorker(order.Seed is not null, order.Views > 1);
            if (clocks is null) continue;
            feeds[i].Clock = new StageClock();
            clocks.Add(feeds[i].Clock!);
        }
        _threads = new Thread[workers];
        for (int i = 0; i < workers; i++)
        {
            FeedWorker feed = feeds[i];
            _threads[i] = new Thread(() => Work(feed)) { IsBackground = true, Name = $"Feed {i}" };
            _threads[i].Start();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="UnreadableDataException">An image of the batch could not be read. Every later call throws it again.</exception>
    public Batch? Next()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _released = _nextDelivery;
            Monitor.PulseAll(_gate);
            Slot slot = _slots[_nextDelivery % _slots.Length];
            while (slot.ReadyStep != _nextDelivery)
            {
                Monitor.Wait(_gate);
                ObjectDisposedException.ThrowIf(_isDisposed, this);
            }
            if (slot.Failure is GpuCnnException known) throw new UnreadableDataException(known.Message, known);
            if (slot.Failure is { } defect) ExceptionDispatchInfo.Throw(defect);
            if (slot.Batch.Count == 0) return null;
            _nextDelivery++;
            return slot.Batch;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads) thread.Join();
    }

    private void Work(FeedWorker feed)
    {
        float[] spare = _mixing is null ? [] : new float[_dataset.Shape.Count];
        using (feed)
            while (Claim(out int first, out int count) is { } slot)
            {
                for (int i = first; i < first + count && !Volatile.Read(ref _isDisposed); i++) Fill(feed, slot, i);
                if (Interlocked.Add(ref slot.Left, -count) == 0) Complete(slot, spare);
            }
    }

    /// <summary>The next images of the batch that is wanted next, or null when there is nothing more to do.</summary>
    private Slot? Claim(out int first, out int count)
    {
        lock (_gate)
        {
            first = count = 0;
            while (_current is null || _nextImage == _current.Batch.Count)
            {
                if (_isDisposed || _isAtEnd) return null;
                // The slot of the next step may still be the caller's, or hold a batch that waits for the caller.
                if (_nextStep >= _released + _slots.Length) Monitor.Wait(_gate);
                else Begin();
            }
            if (_isDisposed) return null;
            first = _nextImage;
            count = Math.Min(_claim, _current.Batch.Count - first);
            _nextImage += count;
            return _current;
        }
    }

    /// <summary>Makes the next step's batch the one whose images are claimed.</summary>
    private void Begin()
    {
        Slot slot = _current = _slots[_nextStep % _slots.Length];
        _nextImage = 0;
        slot.Step = _nextStep++;
        slot.Failure = null;
        slot.FailedImage = int.MaxValue;
        slot.Batch.Count = slot.Left = _order.Images(slot.Step, slot.Images, out slot.Epoch);
        if (slot.Batch.Count > 0) return;
        // The end: what this step's caller gets is an empty batch.
        _isAtEnd = true;
        slot.ReadyStep = slot.Step;
        Monitor.PulseAll(_gate);
    }

    private void Fill(FeedWorker feed, Slot slot, int index)
    {
        Batch batch = slot.Batch;
        try
        {
            (int wanted, int view) = Math.DivRem(slot.Images[index], _order.Views);
            int written = _dataset.BadImages.Write(wanted, _order.Seed, slot.Epoch,
                (Feed: feed, Slot: slot, Index: index, _order.Seed, View: view),
                static (at, image) => at.Feed.Write(image, at.Seed, at.Slot.Epoch, at.View, at.Slot.Batch.Image(at.Index)));
            // Without a label an image counts for nothing.
            if (written < 0) batch.Image(index).Clear();
            batch.Labels[index] = batch.Others[index] = written < 0 ? -1 : _dataset.Label(written);
            batch.Shares[index] = 1;
        }
        // Whatever it is belongs to the caller, who is waiting for this step: the first image's, whichever thread was ahead.
        catch (Exception e)
        {
            lock (slot)
            {
                if (index < slot.FailedImage) (slot.FailedImage, slot.Failure) = (index, e);
            }
        }
    }

    /// <summary>All images are in their places: what concerns them together.</summary>
    private void Complete(Slot slot, Span<float> spare)
    {
        Batch batch = slot.Batch;
        if (slot.Failure is null && _mixing is not null) _mixing.Apply(batch, _order.Seed!.Value, slot.Step, spare);
        batch.Images.AsSpan(batch.Count * batch.Shape.Count).Clear();
        batch.Labels.AsSpan(batch.Count).Fill(-1);
        batch.Others.AsSpan(batch.Count).Fill(-1);
        lock (_gate)
        {
            slot.ReadyStep = slot.Step;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>A batch of the ring and the step that it is filled for.</summary>
    private sealed class Slot(Batch batch)
    {
        public Batch Batch { get; } = batch;

        public int[] Images { get; } = new int[batch.Capacity];

        public long Step = -1;
        public long Epoch;
        public long ReadyStep = -1;

        /// <summary>Images that are not in their places yet.</summary>
        public int Left;

        /// <summary>The first of the images that could not be read, and why.</summary>
        public int FailedImage;
        public Exception? Failure;
    }
}
