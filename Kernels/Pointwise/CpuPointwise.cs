using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>y = f(x) over <paramref name="count"/> floats, a multiple of 8; y may be x. Memory bound.</summary>
[Dispatched]
public sealed unsafe class CpuPointwiseForward<TFunction>(float* x, float* y, long count, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        // Copies, because a store through a pointer might change a field for all the compiler knows.
        float* source = x, target = y;
        TFunction f = function;
        long last = Flat.Last(chunk, count);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
            Simd8.Store(f.Forward(Simd8.Load(source + i)), target + i);
    }
}

/// <summary>dx = f'(x) dy over <paramref name="count"/> floats, a multiple of 8; dx may be dy. Memory bound.</summary>
/// <param name="y">The result f(x); the input x if the function <see cref="IPointwise.DerivesFromInput"/>.</param>
[Dispatched]
public sealed unsafe class CpuPointwiseBackward<TFunction>(float* y, float* dy, float* dx, long count, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        float* result = y, gradient = dy, target = dx;
        TFunction f = function;
        long last = Flat.Last(chunk, count);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
            Simd8.Store(f.Backward(Simd8.Load(result + i), Simd8.Load(gradient + i)), target + i);
    }
}

/// <summary>
/// Where an activation is fused into the layer before it: the gradient before the activation, and its sums over images and pixels for the bias: partial[split][channel]. Both in one pass.
/// Memory bound.
/// </summary>
/// <param name="y">Output, in channel blocks; <paramref name="wholeBlocks"/> of them from one image to the next.</param>
/// <param name="dy">Gradient of the output, stored likewise.</param>
/// <param name="dz">Gradient of what the activation was applied to, <paramref name="blocks"/> from one image to the next; overwritten. May be dy.</param>
/// <param name="partial">[splits][blocks * 8], or null where there is no bias.</param>
[Dispatched]
public sealed unsafe class CpuFusedActivationBackward<TFunction>(
    float* y, float* dy, float* dz, float* partial, int images, int blocks, int wholeBlocks, int area, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    private readonly int _splits = Splits(images, area);

    public int Chunks => _splits * blocks;

    /// <summary>Parts that the batch is split into; follows from the shape alone.</summary>
    public static int Splits(int images, int area) => (int)Math.Clamp((long)images * area / 256, 1, Math.Min(images, 16));

    public void Run(int chunk)
    {
        int block = chunk % blocks, split = chunk / blocks;
        int first = (int)((long)split * images / _splits), last = (int)((split + 1L) * images / _splits);
        Simd8 sum = Simd8.Zero;
        bool writes = typeof(TFunction) != typeof(Identity) || dz != dy;
        TFunction f = function;
        int count = area * Blocks.Size;
        for (int image = first; image < last; image++)
        {
            nint offset = ((nint)image * wholeBlocks + block) * count;
            float* result = y + offset, gradient = dy + offset, target = dz + ((nint)image * blocks + block) * count;
            for (nint i = 0; i < count; i += Blocks.Size)
            {
                Simd8 value = f.Backward(Simd8.Load(result + i), Simd8.Load(gradient + i));
                if (writes) Simd8.Store(value, target + i);
                sum += value;
            }
        }
        if (partial != null) Simd8.Store(sum, partial + ((nint)split * blocks + block) * Blocks.Size);
    }
}
