using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Bench.Compare;

internal static class MultiplyAddLoop
{
    public const int Iterations = 20_000, Accumulators = 12;

    /// <summary>Operations per lane in a chunk.</summary>
    public const double Flops = 2.0 * Iterations * Accumulators;
}

/// <summary>Multiply-adds only, in enough independent chains to fill the units; takes a few milliseconds.</summary>
internal sealed unsafe class MultiplyAddLoop<T> : ICpuKernel where T : unmanaged, ISimd<T>
{
    public int Chunks => 64;

    public void Run(int chunk)
    {
        T factor = T.Create(0.5f), term = T.Create(1 + chunk);
        T a = term, b = term, c = term, d = term, e = term, f = term, g = term, h = term, i = term, j = term, k = term, l = term;
        for (int iteration = 0; iteration < MultiplyAddLoop.Iterations; iteration++)
        {
            a = T.MultiplyAdd(a, factor, term);
            b = T.MultiplyAdd(b, factor, term);
            c = T.MultiplyAdd(c, factor, term);
            d = T.MultiplyAdd(d, factor, term);
            e = T.MultiplyAdd(e, factor, term);
            f = T.MultiplyAdd(f, factor, term);
            g = T.MultiplyAdd(g, factor, term);
            h = T.MultiplyAdd(h, factor, term);
            i = T.MultiplyAdd(i, factor, term);
            j = T.MultiplyAdd(j, factor, term);
            k = T.MultiplyAdd(k, factor, term);
            l = T.MultiplyAdd(l, factor, term);
        }
        // Store the result, so that the loop is not optimized away.
        float* result = stackalloc float[T.Width];
        T.Store(a + b + c + d + e + f + g + h + i + j + k + l, result);
    }
}
