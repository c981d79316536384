namespace GpuCnn.Kernels.Language;

/// <summary>
/// Kernel as a device sees it. The compiler implements it for structs marked with <see cref="KernelAttribute"/>. To launch a kernel,
/// construct it and hand it to a queue with a number of groups.
/// </summary>
public interface IKernel
{
    /// <summary>Text and properties common to all instances of the kernel.</summary>
    static abstract KernelText Text { get; }

    /// <summary>Number of threads in a group.</summary>
    Size3 GroupShape { get; }

    /// <summary>
    /// Bytes of shared memory that the launch gives to each group, for all shared arrays of the kernel, each rounded up to 16 bytes; 0 if
    /// the arrays are part of the text, which at most 48 KiB can be.
    /// </summary>
    int SharedBytes { get; }

    /// <summary>
    /// Writes the constants that are compiled in. They are part of the source, and so of the key under which the binary is cached.
    /// </summary>
    void WriteConstants(KernelConstants constants);

    /// <summary>
    /// Hands over the arguments one by one, in the order of the translated kernel's parameters. A view is one pointer in CUDA C, and a
    /// buffer with an offset in OpenCL C.
    /// </summary>
    void Bind<TArguments>(ref TArguments arguments) where TArguments : IKernelArguments, allows ref struct;

    /// <summary>Runs the body for one thread as C#. Only for kernels without barriers and collective functions.</summary>
    void Execute();

    /// <summary>
    /// Runs the body for one thread as C#, stopping at each barrier and each collective function. Null for kernels without any.
    /// </summary>
    IEnumerator<BarrierSite>? Steps();
}

/// <summary>Receives the arguments of a kernel.</summary>
public interface IKernelArguments
{
    void Add<T>(View<T> view) where T : unmanaged;

    void Add<T>(ReadOnlyView<T> view) where T : unmanaged;

    /// <summary>Adds a number, or a struct of numbers laid out as in C.</summary>
    void Add<T>(T value) where T : unmanaged;
}

/// <summary>Position of a barrier, or of a warp's collective function, in the source of a kernel.</summary>
/// <param name="CallLine">
/// Line where the body calls the helper that contains the barrier, or 0. Two calls of one helper are two barriers.
/// </param>
/// <param name="IsWarp">Whether it is a collective function, at which the threads of a warp meet, and not those of the group.</param>
public readonly record struct BarrierSite(string File, int Line, int CallLine = 0, bool IsWarp = false);
