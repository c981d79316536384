namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// Host memory in slots, to which a device copies results of a step in order with its launches, while the host goes on. For one thread.
/// </summary>
internal abstract class ResultSlots : IDisposable
{
    /// <summary>Prepares a copy to a slot, owned by the caller.</summary>
    /// <param name="from">In the source, in bytes.</param>
    /// <param name="place">In the slot, in bytes.</param>
    public abstract PreparedLaunch PrepareRead(DeviceMemory source, long from, int slot, int place, int bytes);

    /// <summary>Marks the commands given so far as those that fill a slot.</summary>
    public abstract void Mark(int slot);

    /// <summary>Waits until a slot is filled, unless it is.</summary>
    /// <exception cref="DeviceLostException">An earlier command failed.</exception>
    public abstract void Wait(int slot);

    /// <summary>Returns the bytes of a slot. They change from when a copy is queued.</summary>
    public abstract ReadOnlySpan<byte> Bytes(int slot);

    public abstract void Dispose();
}
