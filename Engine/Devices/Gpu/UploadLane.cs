using GpuCnn.Engine.Datasets;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Copies images from a batch to device memory beside the launches, on a queue of its own, to places that are used in turn. Pins the
/// batches' arrays, so that the device reads them itself. For one thread.
/// </summary>
internal abstract class UploadLane : IDisposable
{
    /// <summary>
    /// More than the batches that a reader fills in turn. The arrays of finished readers are kept until others take their place.
    /// </summary>
    private const int MostArrays = 8;

    /// <summary>Places for images: one is filled while the launches of a step may still read the other.</summary>
    public const int Places = 2;

    private readonly List<(float[] Array, IDisposable? Pin)> _pins = new(MostArrays);

    /// <summary>
    /// Begins a copy to a place, once the launches before its <see cref="Release"/> have run. The batch must not change until
    /// <see cref="Finish"/>.
    /// </summary>
    /// <param name="first">Index of the first value of <see cref="Batch.Images"/>.</param>
    /// <param name="count">Number of values.</param>
    /// <param name="offset">Of the place in the target, in bytes.</param>
    public void Begin(int place, Batch batch, int first, int count, DeviceMemory target, long offset)
    {
        if (count == 0) return;
        Pin(batch.Images);
        Copy(place, batch.Images.AsSpan(first, count), target, offset);
    }

    /// <summary>Lets later launches wait for the images of a place.</summary>
    public abstract void Hold(int place);

    /// <summary>Marks the launches given so far as the last that read a place.</summary>
    public abstract void Release(int place);

    /// <summary>Waits for the copies that were begun, unless they have been made.</summary>
    /// <exception cref="DeviceLostException">A copy failed.</exception>
    public abstract void Finish();

    public virtual void Dispose()
    {
        foreach ((_, IDisposable? pin) in _pins) pin?.Dispose();
        _pins.Clear();
    }

    /// <summary>Pins the memory of an array that the garbage collector does not move; null if the system refuses.</summary>
    protected abstract IDisposable? PinArray(float[] array);

    /// <summary>Begins a copy from an array that the garbage collector does not move.</summary>
    protected abstract void Copy(int place, ReadOnlySpan<float> source, DeviceMemory target, long offset);

    private void Pin(float[] array)
    {
        for (int i = 0; i < _pins.Count; i++)
            if (ReferenceEquals(_pins[i].Array, array)) return;
        if (_pins.Count == MostArrays)
        {
            Finish();
            _pins[0].Pin?.Dispose();
            _pins.RemoveAt(0);
        }
        _pins.Add((array, PinArray(array)));
    }
}
