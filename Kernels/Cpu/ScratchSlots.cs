namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// Scratch memory for the chunks that run concurrently, one slot per thread. A thread gets its previous slot if that is free, because it is
/// still in the thread's caches.
/// </summary>
/// <param name="memory">[slots][floats].</param>
/// <param name="floats">Floats in a slot.</param>
/// <param name="slots">Number of chunks that run concurrently. A further chunk waits for a free slot.</param>
public sealed unsafe class ScratchSlots(float* memory, long floats, int slots)
{
    private readonly int[] _taken = new int[slots];

    /// <summary>Takes a slot until it is disposed of.</summary>
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
