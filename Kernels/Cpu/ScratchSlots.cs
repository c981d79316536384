namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// Scratch for the chunks that run at the same time: a slot for each thread. A thread gets the slot that it had before where that is free, and finds it in its own caches.
/// </summary>
/// <param name="memory">[slots][floats]</param>
/// <param name="floats">Floats of a slot.</param>
/// <param name="slots">As many as chunks run at the same time; a chunk too many waits.</param>
public sealed unsafe class ScratchSlots(float* memory, long floats, int slots)
{
    private readonly int[] _taken = new int[slots];

    /// <summary>A slot, until it is disposed of.</summary>
    public Slot Rent()
    {
        int slot = Environment.CurrentManagedThreadId % slots;
        while (Interlocked.CompareExchange(ref _taken[slot], 1, 0) != 0) slot = (slot + 1) % slots;
        return new(this, slot);
    }

    public readonly ref struct Slot(ScratchSlots owner, int index)
    {
        public float* Memory => owner.MemoryOf(index);

        public void Dispose() => Volatile.Write(ref owner._taken[index], 0);
    }

    private float* MemoryOf(int slot) => memory + slot * floats;
}
