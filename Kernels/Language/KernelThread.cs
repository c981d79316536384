namespace GpuCnn.Kernels.Language;

/// <summary>
/// State of the simulated thread while a kernel runs as C#. The device that runs it sets <see cref="Current"/> before each step.
/// </summary>
public struct KernelThread
{
    [ThreadStatic]
    public static KernelThread Current;

    public Size3 Thread, Group, GroupShape, Groups;

    /// <summary>Memory of the group and of the thread, from which arrays are allocated.</summary>
    public KernelMemory SharedMemory, LocalMemory;

    /// <summary>Waits at a barrier if threads run concurrently; null if they run in turns.</summary>
    public Action? Wait;

    /// <summary>Where the threads of a warp exchange values; null if the device has no warps.</summary>
    internal WarpExchange? Warp;

    /// <summary>The thread's copies that have not arrived; null if the device has none.</summary>
    internal PendingCopies? Copies;

    internal static long TakeShared(int length, int size) => Current.SharedMemory.Take(length, size, "shared");

    internal static long TakeLocal(int length, int size) => Current.LocalMemory.Take(length, size, "local");
}

/// <summary>Memory from which arrays are allocated one after the other, each aligned to 16 bytes.</summary>
/// <param name="isOwn">
/// Whether it belongs to one thread, so that arrays are filled with NaN when allocated. Memory of a group is filled before the group runs.
/// </param>
public unsafe struct KernelMemory(nint address, int bytes, bool isOwn)
{
    /// <summary>Byte that fills memory whose content is undefined. Floats of any width made of it are NaN.</summary>
    public const byte Unset = 0xFF;

    private const int Alignment = 16;

    /// <summary>Number of bytes allocated.</summary>
    public int Used { get; private set; }

    /// <summary>
    /// Allocates an array of <paramref name="length"/> elements of <paramref name="elementBytes"/> bytes and returns its address.
    /// </summary>
    internal long Take(int length, int elementBytes, string kind)
    {
        long size = ((long)length * elementBytes + Alignment - 1) / Alignment * Alignment;
        if (length < 0 || size > bytes - Used)
            throw new KernelFaultException(
                $"a {kind} array of {length} elements of {elementBytes} bytes does not fit: {bytes - Used} of {bytes} bytes are free");
        nint taken = address + Used;
        if (isOwn) new Span<byte>((void*)taken, (int)size).Fill(Unset);
        Used += (int)size;
        return taken;
    }
}
