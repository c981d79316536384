using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Normalization;

/// <summary>
/// Sizes and factors of local response normalization on the CPU device: window [c - size / 2, c + (size - 1) / 2] over the channels, scale
/// k + alpha * sum of squares, power beta.
/// </summary>
internal readonly record struct CpuLocalResponseShape(
    int Images, int Channels, int Height, int Width, int Size, float Alpha, float Beta, float K)
{
    public int Blocks => Cpu.Blocks.Count(Channels);

    public int Before => Size / 2;

    public int After => (Size - 1) / 2;

    /// <summary>Number of floats in a run of channels, with the zeros around it.</summary>
    public int Padded => Cpu.Blocks.RoundUp(Channels) + 2 * Size;

    /// <summary>
    /// Sums a run's values for each channel of a block, from <paramref name="before"/> channels before it to <paramref name="after"/> after
    /// it.
    /// </summary>
    internal unsafe Simd8 Window(float* padded, int block, int before, int after)
    {
        float* centre = padded + Size + block * Cpu.Blocks.Size;
        Simd8 sum = Simd8.Zero;
        for (int offset = -before; offset <= after; offset++) sum += Simd8.Load(centre + offset);
        return sum;
    }

    /// <summary>Stores a block in a run. Lanes past C stay zero.</summary>
    internal unsafe void Put(Simd8 values, float* padded, int block)
    {
        float* target = padded + Size + block * Cpu.Blocks.Size;
        Simd8.Store(values, target);
        for (int lane = Channels - block * Cpu.Blocks.Size; lane < Cpu.Blocks.Size; lane++) target[lane] = 0;
    }

    /// <summary>Computes scale ^ -beta.</summary>
    internal Simd8 Power(Simd8 scale)
    {
        if (Beta != LocalResponseShape.UsualBeta) return Simd8.Exp(Simd8.Create(-Beta) * Simd8.Log(scale));
        Simd8 root = Simd8.Sqrt(Simd8.Create(1) / scale);
        return root * Simd8.Sqrt(root);
    }
}

/// <summary>Computes y = x / (k + alpha * sum of squares of the channels around it) ^ beta. A chunk is a row of an image.</summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="y">Like x; overwritten.</param>
internal sealed unsafe class CpuLocalResponseForward(CpuLocalResponseShape shape, float* x, float* y) : ICpuKernel
{
    public int Chunks => shape.Images * shape.Height;

    public void Run(int chunk)
    {
        float* squares = stackalloc float[shape.Padded];
        new Span<float>(squares, shape.Padded).Clear();
        nint plane = (nint)shape.Height * shape.Width * Blocks.Size;
        nint first = (nint)(chunk / shape.Height) * shape.Blocks * plane + (nint)(chunk % shape.Height) * shape.Width * Blocks.Size;
        Simd8 k = Simd8.Create(shape.K), alpha = Simd8.Create(shape.Alpha);
        for (int column = 0; column < shape.Width; column++, first += Blocks.Size)
        {
            for (int block = 0; block < shape.Blocks; block++)
            {
                Simd8 value = Simd8.Load(x + first + block * plane);
                shape.Put(value * value, squares, block);
            }
            for (int block = 0; block < shape.Blocks; block++)
            {
                Simd8 scale = Simd8.MultiplyAdd(alpha, shape.Window(squares, block, shape.Before, shape.After), k);
                Simd8.Store(Simd8.Load(x + first + block * plane) * shape.Power(scale), y + first + block * plane);
            }
        }
    }
}

/// <summary>
/// Computes dx = dy / scale ^ beta - 2 alpha beta x * sum of dy x / scale ^ (beta + 1) over the channels whose windows contain this one.
/// Recomputes the scales, which costs less than keeping them. A chunk is a row of an image.
/// </summary>
/// <param name="x">[N][Blocks][H][W][8]</param>
/// <param name="dy">Like x.</param>
/// <param name="dx">Like x; overwritten.</param>
internal sealed unsafe class CpuLocalResponseBackward(CpuLocalResponseShape shape, float* x, float* dy, float* dx) : ICpuKernel
{
    public int Chunks => shape.Images * shape.Height;

    public void Run(int chunk)
    {
        float* squares = stackalloc float[shape.Padded], terms = stackalloc float[shape.Padded];
        new Span<float>(squares, shape.Padded).Clear();
        new Span<float>(terms, shape.Padded).Clear();
        nint plane = (nint)shape.Height * shape.Width * Blocks.Size;
        nint first = (nint)(chunk / shape.Height) * shape.Blocks * plane + (nint)(chunk % shape.Height) * shape.Width * Blocks.Size;
        Simd8 k = Simd8.Create(shape.K), alpha = Simd8.Create(shape.Alpha), factor = Simd8.Create(2 * shape.Alpha * shape.Beta);
        for (int column = 0; column < shape.Width; column++, first += Blocks.Size)
        {
            for (int block = 0; block < shape.Blocks; block++)
            {
                Simd8 value = Simd8.Load(x + first + block * plane);
                shape.Put(value * value, squares, block);
            }
            for (int block = 0; block < shape.Blocks; block++)
            {
                nint at = first + block * plane;
                Simd8 scale = Simd8.MultiplyAdd(alpha, shape.Window(squares, block, shape.Before, shape.After), k);
                Simd8 direct = Simd8.Load(dy + at) * shape.Power(scale);
                Simd8.Store(direct, dx + at);
                shape.Put(direct * Simd8.Load(x + at) / scale, terms, block);
            }
            for (int block = 0; block < shape.Blocks; block++)
            {
                nint at = first + block * plane;
                // Lanes past C hold arbitrary input, and the gradient must be zero there.
                shape.Put(Simd8.Load(x + at), squares, block);
                Simd8 value = Simd8.Load(squares + shape.Size + block * Blocks.Size);
                Simd8.Store(Simd8.Load(dx + at) - factor * value * shape.Window(terms, block, shape.After, shape.Before), dx + at);
            }
        }
    }
}
