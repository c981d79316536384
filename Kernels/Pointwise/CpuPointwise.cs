using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pointwise;

/// <summary>Computes y = f(x) over <paramref name="count"/> floats, a multiple of 8; y may be x. Memory-bound.</summary>
[Dispatched]
internal sealed unsafe class CpuPointwiseForward<TFunction>(float* x, float* y, long count, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    public int Chunks => Flat.Chunks(count);

    public void Run(int chunk)
    {
        // Local copies, because the compiler assumes that a store through a pointer may change a field.
        float* source = x, target = y;
        TFunction f = function;
        long last = Flat.Last(chunk, count);
        for (long i = Flat.First(chunk); i < last; i += Simd8.Width)
            Simd8.Store(f.Forward(Simd8.Load(source + i)), target + i);
    }
}

/// <summary>Computes dx = f'(x) dy over <paramref name="count"/> floats, a multiple of 8; dx may be dy. Memory-bound.</summary>
/// <param name="y">The result f(x), or the input x if the function <see cref="IPointwise.DerivesFromInput"/>.</param>
[Dispatched]
internal sealed unsafe class CpuPointwiseBackward<TFunction>(float* y, float* dy, float* dx, long count, TFunction function) : ICpuKernel
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
/// Computes the backward pass of an activation fused into the layer before it: the gradient before the activation, and the bias's partial
/// sums over images and pixels, partial[split][channel], in one pass. Memory-bound.
/// </summary>
/// <param name="y">Output in channel blocks, with <paramref name="wholeBlocks"/> from one image to the next.</param>
/// <param name="dy">Gradient of the output, stored like y.</param>
/// <param name="dz">
/// Gradient of the activation's input, with <paramref name="blocks"/> from one image to the next; overwritten. May be dy.
/// </param>
/// <param name="partial">[splits][blocks * 8], or null if there is no bias.</param>
[Dispatched]
internal sealed unsafe class CpuFusedActivationBackward<TFunction>(
    float* y, float* dy, float* dz, float* partial, int images, int blocks, int wholeBlocks, int area, TFunction function) : ICpuKernel
    where TFunction : unmanaged, IPointwise
{
    private readonly int _splits = Splits(images, area);

    public int Chunks => _splits * blocks;

    /// <summary>Returns the number of parts that the batch is split into. It follows from the shape alone.</summary>
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
        if (partial is not null) Simd8.Store(sum, partial + ((nint)split * blocks + block) * Blocks.Size);
    }
}
