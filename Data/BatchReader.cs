using System.Runtime.ExceptionServices;
using GpuCnn.Engine;
using GpuCnn.Engine.Training;

namespace GpuCnn.Data;

/// <summary>
/// Fills a ring of batches ahead of its caller. Workers claim steps in order and fill a whole batch each; a step's content depends on
/// nothing but the step, so the number of workers changes nothing but the time. The batch of step s lies in slot s modulo the ring.
/// </summary>
internal sealed class BatchReader : IBatchReader
{
    private readonly ImageDataset _dataset;
    private readonly ImageOrder _order;
    private readonly Slot[] _slots;
    private readonly Thread[] _threads;

    /// <summary>Guards everything below and the slots' states; pulsed at every change.</summary>
    private readonly object _gate = new();

    private long _nextClaim;
    private long _nextDelivery;

    /// <summary>Steps before this one are the caller's no more, and their slots can be filled again.</summary>
    private long _released;

    private bool _isDisposed;

    /// <param name="dataset">Where images come from.</param>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="order">Which images a step has; this reader's own.</param>
    /// <param name="firstStep">The first step to deliver.</param>
    /// <param name="workers">Threads.</param>
    public BatchReader(ImageDataset dataset, int batch, ImageOrder order, long firstStep, int workers)
    {
        _dataset = dataset;
        _order = order;
        _nextClaim = _nextDelivery = _released = firstStep;
        // One batch for each worker, one with the caller, one ready.
        _slots = new Slot[workers + 2];
        for (int i = 0; i < _slots.Length; i++) _slots[i] = new Slot(new Batch(dataset.Shape, batch));
        _threads = new Thread[workers];
        for (int i = 0; i < workers; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"Batch reader {i}" };
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

    private void Work()
    {
        while (Claim() is { } slot)
        {
            try
            {
                Fill(slot);
            }
            // Whatever it is belongs to the caller, who is waiting for this step.
            catch (Exception e)
            {
                slot.Failure = e;
            }
            lock (_gate)
            {
                slot.ReadyStep = slot.Step;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>The slot of the next step with its images named, or null when there is nothing more to do.</summary>
    private Slot? Claim()
    {
        lock (_gate)
        {
            while (!_isDisposed && _nextClaim >= _released + _slots.Length) Monitor.Wait(_gate);
            if (_isDisposed) return null;
            Slot slot = _slots[_nextClaim % _slots.Length];
            slot.Step = _nextClaim;
            slot.Failure = null;
            slot.Batch.Count = _order.Images(_nextClaim, slot.Images, out slot.Epoch);
            if (slot.Batch.Count == 0)
            {
                // The end: what this step's caller gets is an empty batch. Later steps are not claimed by anyone.
                if (slot.ReadyStep != slot.Step)
                {
                    slot.ReadyStep = slot.Step;
                    Monitor.PulseAll(_gate);
                }
                return null;
            }
            _nextClaim++;
            return slot;
        }
    }

    private void Fill(Slot slot)
    {
        Batch batch = slot.Batch;
        for (int i = 0; i < batch.Count && !Volatile.Read(ref _isDisposed); i++)
        {
            int written = _dataset.BadImages.Write(slot.Images[i], _order.Seed, slot.Epoch, (Reader: this, Slot: slot, Index: i), static (at, image) =>
            {
                SampleTransform transform = at.Reader._order.Seed is { } seed ? at.Reader._dataset.Augment(seed, at.Slot.Epoch, image) : default;
                at.Reader._dataset.Write(image, transform, at.Slot.Batch.Image(at.Index));
            });
            // Without a label an image counts for nothing.
            if (written < 0) batch.Image(i).Clear();
            batch.Labels[i] = written < 0 ? -1 : _dataset.Label(written);
        }
        batch.Images.AsSpan(batch.Count * batch.Shape.Count).Clear();
        batch.Labels.AsSpan(batch.Count).Fill(-1);
    }

    /// <summary>A batch of the ring and the step that it is filled for.</summary>
    private sealed class Slot(Batch batch)
    {
        public Batch Batch { get; } = batch;

        public int[] Images { get; } = new int[batch.Capacity];

        public long Step = -1;
        public long Epoch;
        public long ReadyStep = -1;
        public Exception? Failure;
    }
}
