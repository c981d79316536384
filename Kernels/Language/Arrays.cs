namespace GpuCnn.Kernels.Language;

/// <summary>Memory that the threads of a group share; holds what was there before, NaN when it runs as C#.</summary>
public static class Shared
{
    /// <summary>An array of constant length, aligned to 16 bytes. Allocated at the start of <c>Execute</c> and passed to helpers.</summary>
    public static View<T> Array<T>(int length) where T : unmanaged => KernelThread.Current.SharedMemory.Take<T>(length, "shared");
}

/// <summary>Memory of one thread; registers where every index into it is known when the kernel is compiled. Holds nothing yet, NaN when it runs as C#.</summary>
public static class Local
{
    /// <summary>An array of constant length. Allocated at the start of <c>Execute</c> and passed to helpers.</summary>
    public static View<T> Array<T>(int length) where T : unmanaged => KernelThread.Current.LocalMemory.Take<T>(length, "local");
}
