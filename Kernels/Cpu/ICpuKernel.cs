namespace GpuCnn.Kernels.Cpu;

/// <summary>
/// A kernel of the CPU device: its constructor is its argument list, <see cref="Run"/> does one chunk. Chunks are independent of
/// each other and their number follows from the shapes alone, never from the number of threads: that is what makes a step give
/// the same bits however many threads share it.
/// </summary>
public interface ICpuKernel
{
    int Chunks { get; }

    void Run(int chunk);
}
