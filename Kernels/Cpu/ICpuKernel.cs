namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// Kernel of the CPU device. Its constructor is its argument list, and <see cref="Run"/> computes one chunk. Chunks are independent of each
/// other. Their number follows from the shapes alone, never from the number of threads, so a step gives the same bits with any number of
/// threads.
/// </summary>
public interface ICpuKernel
{
    int Chunks { get; }

    void Run(int chunk);
}
