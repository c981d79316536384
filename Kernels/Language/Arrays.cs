using ILGPU;

namespace GpuCnn.Kernels.Language;

/// <summary>Allocates memory that the threads of a group share. Its content is undefined, and NaN when the kernel runs as C#.</summary>
public static unsafe class Shared
{
    /// <summary>
    /// Allocates an array of constant length, aligned to 16 bytes. Call it at the start of <c>Execute</c> and pass the array to helpers.
    /// </summary>
    public static View<T> Array<T>(int length) where T : unmanaged => KernelTarget.IsIlgpu
        ? new View<T>(0L, 0L, length, SharedMemory.Allocate<T>(length))
        : new View<T>(KernelThread.TakeShared(length, sizeof(T)), 0L, length, default);
}

/// <summary>Allocates registers of one thread. Their content is undefined, and NaN when the kernel runs as C#.</summary>
public static unsafe class Local
{
    /// <summary>Allocates an array of constant length. Call it at the start of <c>Execute</c> and pass the array to helpers.</summary>
    // One element more than asked for, because ILGPU puts an array of a single element into memory.
    public static Registers<T> Array<T>(int length) where T : unmanaged => KernelTarget.IsIlgpu
        ? new Registers<T>(LocalMemory.Allocate<T>(length + 1))
        : new Registers<T>(KernelThread.TakeLocal(length, sizeof(T)), length);
}
