namespace GpuCnn.Kernels.Language;

/// <summary>
/// What a device needs of a kernel. The compiler implements it for structs marked with <see cref="KernelAttribute"/>. To launch one is to construct it and to
/// hand it to a queue with a number of groups.
/// </summary>
public interface IKernel
{
    /// <summary>What all instances of the kernel have in common.</summary>
    static abstract KernelText Text { get; }

    /// <summary>Threads of one group.</summary>
    Size3 GroupShape { get; }

    /// <summary>Writes what is compiled in: part of the source, so part of the key of a cache.</summary>
    void WriteConstants(KernelConstants constants);

    /// <summary>Hands over the arguments, one by one, in the order of the translated kernel's parameters; a view is one pointer in CUDA C, in OpenCL C a buffer and an offset.</summary>
    void Bind<TArguments>(ref TArguments arguments) where TArguments : IKernelArguments, allows ref struct;

    /// <summary>The body for one thread, as C#. Only for kernels without barriers.</summary>
    void Execute();

    /// <summary>The body for one thread as C# that stops at each barrier; null for kernels without barriers.</summary>
    IEnumerator<BarrierSite>? Steps();
}

/// <summary>Takes the arguments of a kernel.</summary>
public interface IKernelArguments
{
    void Add<T>(View<T> view) where T : unmanaged;

    void Add<T>(ReadOnlyView<T> view) where T : unmanaged;

    /// <summary>A number or a struct of numbers whose layout is C's.</summary>
    void Add<T>(T value) where T : unmanaged;
}

/// <summary>A barrier in the source of a kernel.</summary>
/// <param name="CallLine">Where the body calls the helper that the barrier is in, or 0: two calls of one helper are two barriers.</param>
public readonly record struct BarrierSite(string File, int Line, int CallLine = 0);
