using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Sums a block's values in one part of a batch: the differences to the first value, and their squares. Squares of the values themselves
/// would lose precision if the mean is far from 0. Runs of some pixels are summed in float32, the runs in float64. Compute-bound if the
/// pixels lie in a near cache.
/// </summary>
/// <param name="first">The part's first pixel, or null if it has none.</param>
internal unsafe struct BlockSums(float* first)
{
    // Four pixels at a time, so that no sum waits for the previous one.
    private const int Run = 64;

    private readonly Simd8 _origin = first is null ? Simd8.Zero : Simd8.Load(first);
    private Double8 _sum, _squares;
    private double _count;

    /// <summary>Adds contiguous pixels.</summary>
    public void Add(float* y, nint pixels)
    {
        _count += pixels;
        Simd8 origin = _origin;
        while (pixels > 0)
        {
            nint run = Math.Min(pixels, Run);
            Simd8 sum0 = Simd8.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
            Simd8 squares0 = sum0, squares1 = sum0, squares2 = sum0, squares3 = sum0;
            float* end = y + run * Blocks.Size;
            for (; y <= end - 4 * Blocks.Size; y += 4 * Blocks.Size)
            {
                Simd8 a = Simd8.Load(y) - origin, b = Simd8.Load(y + 8) - origin;
                Simd8 c = Simd8.Load(y + 16) - origin, d = Simd8.Load(y + 24) - origin;
                sum0 += a;
                sum1 += b;
                sum2 += c;
                sum3 += d;
                squares0 = Simd8.MultiplyAdd(a, a, squares0);
                squares1 = Simd8.MultiplyAdd(b, b, squares1);
                squares2 = Simd8.MultiplyAdd(c, c, squares2);
                squares3 = Simd8.MultiplyAdd(d, d, squares3);
            }
            for (; y < end; y += Blocks.Size)
            {
                Simd8 a = Simd8.Load(y) - origin;
                sum0 += a;
                squares0 = Simd8.MultiplyAdd(a, a, squares0);
            }
            _sum += Simd8.Widen(sum0 + sum1 + (sum2 + sum3));
            _squares += Simd8.Widen(squares0 + squares1 + (squares2 + squares3));
            pixels -= run;
        }
    }

    /// <summary>Stores the part's moments.</summary>
    /// <param name="moments">[<see cref="BlockMoments.Size"/>]; overwritten.</param>
    public readonly void Store(double* moments)
    {
        Double8 mean = _sum * Double8.Create(1 / Math.Max(1, _count));
        moments[0] = _count;
        Double8.Store(Simd8.Widen(_origin) + mean, moments + 1);
        Double8.Store(_squares - _sum * mean, moments + 1 + Blocks.Size);
    }
}
