using System.Runtime.ExceptionServices;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;

namespace GpuCnn.Data;

/// <summary>
/// Fills a ring of batches ahead of its caller. Workers claim images, not batches, in order, so that all of them work on the next batch. An
/// image's content depends on (seed, epoch, index) alone, so the number of workers changes only the time. The batch of step s is in slot s
/// modulo the ring's size.
/// </summary>
internal sealed class BatchReader : IBatchReader
{
    /// <summary>Batches that are ready or being filled, not counting the caller's.</summary>
    private const int Ahead = 2;

    /// <summary>Small images are claimed in runs of about this many values, so that claiming costs next to nothing.</summary>
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

    /// <summary>The first step without claimed images.</summary>
    private long _nextStep;

    /// <summary>The batch whose images are being claimed, from <see cref="_nextImage"/> on.</summary>
    private Slot? _current;

    private int _nextImage;

    /// <summary>The caller is done with all steps before this one; their slots can be refilled.</summary>
    private long _released;

    private bool _isAtEnd, _isDisposed;

    /// <param name="dataset">Source of the images.</param>
    /// <param name="batch">Images per batch.</param>
    /// <param name="order">The images of each step. Owned by this reader.</param>
    /// <param name="firstStep">The first step to deliver.</param>
    /// <param name="workers">Number of threads.</param>
    /// <param name="mixing">Mixes the images of a batch; null for none.</param>
    /// <param name="clocks">Receives a clock per worker; null measures nothing.</param>
    public BatchReader(ImageDataset dataset, int batch, ImageOrder order, long firstStep, int workers, BatchMixing? mixing,
        List<StageClock>? clocks = null)
    {
        _dataset = dataset;
        _order = order;
        _mixing = mixing;
        _nextStep = _nextDelivery = _released = firstStep;
        // One thread writes all views of an image.
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

    /// <summary>Claims the next images of the next batch; null if there is nothing more to do.</summary>
    private Slot? Claim(out int first, out int count)
    {
        lock (_gate)
        {
            first = count = 0;
            while (_current is null || _nextImage == _current.Batch.Count)
            {
                if (_isDisposed || _isAtEnd) return null;
                // The caller may still use the slot of the next step, or not have taken the batch in it.
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

    /// <summary>Starts claiming the images of the next step's batch.</summary>
    private void Begin()
    {
        Slot slot = _current = _slots[_nextStep % _slots.Length];
        _nextImage = 0;
        slot.Step = _nextStep++;
        slot.Failure = null;
        slot.FailedImage = int.MaxValue;
        slot.Batch.Count = slot.Left = _order.Images(slot.Step, slot.Images, slot.Rounds);
        if (slot.Batch.Count > 0) return;
        // The end: this step delivers an empty batch.
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
            int written = _dataset.BadImages.Write(wanted, _order.Seed, slot.Rounds[index],
                (Feed: feed, Slot: slot, Index: index, _order.Seed, View: view),
                static (at, image) => at.Feed.Write(image, at.Seed, at.Slot.Rounds[at.Index], at.View, at.Slot.Batch.Image(at.Index)));
            // An image without a label does not count.
            if (written < 0) batch.Image(index).Clear();
            batch.Labels[index] = batch.Others[index] = written < 0 ? -1 : _dataset.Label(written);
            batch.Shares[index] = 1;
        }
        // Every failure is passed to the caller of this step. The first image's wins, whichever thread was faster.
        catch (Exception e)
        {
            lock (slot)
            {
                if (index < slot.FailedImage) (slot.FailedImage, slot.Failure) = (index, e);
            }
        }
    }

    /// <summary>Mixes and delivers a batch once all of its images are in place.</summary>
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

    /// <summary>A batch of the ring and the step it is filled for.</summary>
    private sealed class Slot(Batch batch)
    {
        public Batch Batch { get; } = batch;

        public int[] Images { get; } = new int[batch.Capacity];

        public long[] Rounds { get; } = new long[batch.Capacity];

        public long Step = -1;
        public long ReadyStep = -1;

        /// <summary>Number of images that are not in place yet.</summary>
        public int Left;

        /// <summary>The first image that could not be read, and the reason.</summary>
        public int FailedImage;
        public Exception? Failure;
    }
}
