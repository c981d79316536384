namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// Scratch for the chunks that run at the same time: as many slots as threads. A thread gets the slot it had before where that is free, so that it finds it in its own caches.
/// </summary>
public sealed unsafe class ScratchSlots(float* memory, long floatsPerSlot, int slots)
{
    private readonly int[] _taken = new int[slots];

    public int Rent()
    {
        for (int i = Environment.CurrentManagedThreadId % slots; ; i = (i + 1) % slots)
            if (Interlocked.CompareExchange(ref _taken[i], 1, 0) == 0) return i;
    }

    public void Return(int slot) => Volatile.Write(ref _taken[slot], 0);

    public float* Memory(int slot) => memory + slot * floatsPerSlot;
}
