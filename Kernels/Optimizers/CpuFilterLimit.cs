using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Optimizers;

/// <summary>
/// Rescales each filter whose root mean square exceeds a limit to that limit; see <see cref="FilterLimit"/>. A chunk has eight filters.
/// </summary>
/// <param name="weightsPerFilter">Number of real weights in a filter, without the zeros of merged groups.</param>
/// <param name="weights">The packed filter; updated.</param>
internal sealed unsafe class CpuFilterLimit(FilterLayout layout, int weightsPerFilter, float* weights, float limit) : ICpuKernel
{
    // For each block of eight filters: the offset of its first row, and floats from row to row.
    private readonly (int Offset, int Stride)[] _blocks =
    [
        .. layout.Strips.SelectMany(strip => Enumerable.Range(0, strip.Width / Blocks.Size)
            .Select(block => (strip.Offset + block * Blocks.Size, strip.Width))),
    ];

    public int Chunks => _blocks.Length;

    public void Run(int chunk)
    {
        (int offset, int stride) = _blocks[chunk];
        float* first = weights + offset;
        Simd8 sum = Simd8.Zero;
        for (int row = 0; row < layout.Rows; row++)
        {
            Simd8 weight = Simd8.Load(first + (nint)row * stride);
            sum = Simd8.MultiplyAdd(weight, weight, sum);
        }
        float* factors = stackalloc float[Blocks.Size];
        Simd8.Store(sum, factors);
        bool changes = false;
        for (int lane = 0; lane < Blocks.Size; lane++)
        {
            float rms = MathF.Sqrt(factors[lane] / weightsPerFilter);
            factors[lane] = rms > limit ? limit / rms : 1;
            changes |= rms > limit;
        }
        if (!changes) return;
        Simd8 factor = Simd8.Load(factors);
        for (int row = 0; row < layout.Rows; row++)
        {
            float* at = first + (nint)row * stride;
            Simd8.Store(Simd8.Load(at) * factor, at);
        }
    }
}
