namespace GpuCnn.Kernels.Language;

/// <summary>What a kernel that runs as C# knows of the thread it stands for; the device that runs it sets <see cref="Current"/> before each step.</summary>
public struct KernelThread
{
    [ThreadStatic]
    public static KernelThread Current;

    public Size3 Thread, Group, GroupShape, Groups;

    /// <summary>Memory of the group and of the thread; what is free of it.</summary>
    public KernelMemory SharedMemory, LocalMemory;

    /// <summary>Waits at a barrier where threads run side by side; null where they run in turns.</summary>
    public Action? Wait;

    internal static long TakeShared(int length, int size) => Current.SharedMemory.Take(length, size, "shared");

    internal static long TakeLocal(int length, int size) => Current.LocalMemory.Take(length, size, "local");
}

/// <summary>Memory that arrays are cut from, one behind the other, each aligned to 16 bytes.</summary>
/// <param name="isOwn">Whether it is one thread's: its arrays hold NaN when they are taken. Memory of a group is filled before the group runs.</param>
public unsafe struct KernelMemory(nint address, int bytes, bool isOwn)
{
    /// <summary>Every byte of memory that holds nothing yet: NaN as a float of any width.</summary>
    public const byte Unset = 0xFF;

    private const int Alignment = 16;

    /// <summary>Bytes that arrays have taken.</summary>
    public int Used { get; private set; }

    /// <summary>The address of an array of <paramref name="length"/> elements of <paramref name="elementBytes"/> bytes.</summary>
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
