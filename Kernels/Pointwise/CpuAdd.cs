using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes y = f(a + b) over <paramref name="count"/> floats, a multiple of 8. Memory-bound.</summary>
[Dispatched]
internal sealed unsafe class CpuAdd<TFunction>(float* a, float* b, float* y, long count, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        // Local copies, because the compiler assumes that a store through a pointer may change a field.
        float* left = a, right = b, target = y;
        TFunction f = function;
        long last = Flat.Last(chunk, count);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
            Simd8.Store(f.Forward(Simd8.Load(left + i) + Simd8.Load(right + i)), target + i);
    }
}
