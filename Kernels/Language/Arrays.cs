using ILGPU;

namespace GpuCnn.Kernels.Language;

/// <summary>Memory that the threads of a group share; holds what was there before, NaN when it runs as C#.</summary>
public static unsafe class Shared
{
    /// <summary>An array of constant length, aligned to 16 bytes. Allocated at the start of <c>Execute</c> and passed to helpers.</summary>
    public static View<T> Array<T>(int length) where T : unmanaged => KernelTarget.IsIlgpu
        ? new View<T>(0L, 0L, length, SharedMemory.Allocate<T>(length))
        : new View<T>(KernelThread.TakeShared(length, sizeof(T)), 0L, length, default);
}

/// <summary>Registers of one thread. They hold nothing yet, NaN when they run as C#.</summary>
public static unsafe class Local
{
    /// <summary>An array of constant length. Allocated at the start of <c>Execute</c> and passed to helpers.</summary>
    // One more than asked for: of a single element ILGPU makes memory.
    public static Registers<T> Array<T>(int length) where T : unmanaged => KernelTarget.IsIlgpu
        ? new Registers<T>(LocalMemory.Allocate<T>(length + 1))
        : new Registers<T>(KernelThread.TakeLocal(length, sizeof(T)), length);
}
