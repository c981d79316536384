using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;
using static GpuCnn.Kernels.Convolution.Cpu.Accumulators;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Reduction of a direct convolution over channel blocks, filter taps and the lanes of a tap. An output pixel is <c>sum over (block, tap,
/// lane) of x[pixel + block * BlockStride + Taps[tap] + lane] * w[row]</c>, where the rows of w are in that order.
/// </summary>
internal readonly unsafe struct Reduction(nint blocks, nint blockStride, int* taps, nint tapCount, nint lanes, nint lastLanes)
{
    /// <summary>Number of channel blocks in the input.</summary>
    public readonly nint Blocks = blocks;

    /// <summary>Floats between two blocks.</summary>
    public readonly nint BlockStride = blockStride;

    /// <summary>[TapCount] Offset of each tap in floats.</summary>
    public readonly int* Taps = taps;

    /// <summary>Number of filter taps, or of filter rows if a row is one contiguous run.</summary>
    public readonly nint TapCount = tapCount;

    /// <summary>Floats in a tap: 8, or the length of the run.</summary>
    public readonly nint Lanes = lanes;

    /// <summary>Floats in a tap of the last block.</summary>
    public readonly nint LastLanes = lastLanes;
}

/// <summary>
/// Innermost loops of a direct convolution. A few pixels, anywhere in the input, by one or two vectors of output channels stay in registers
/// during the whole reduction. Compute-bound; the input is broadcast, the filter streams past.
/// </summary>
internal static unsafe class PixelTile
{
    /// <summary>
    /// Pixels in a <see cref="Wide{T,TActivation}"/> tile: 12 accumulators, 2 filter vectors and a broadcast value fit 16 registers.
    /// </summary>
    public const int WidePixels = 6;

    /// <summary>Pixels in a <see cref="Broad{T,TActivation}"/> tile.</summary>
    public const int BroadPixels = 12;

    /// <summary>Pixels in a <see cref="Narrow{T,TActivation}"/> tile: 8 accumulators hide the latency of the multiply-adds.</summary>
    public const int NarrowPixels = 8;

    /// <summary>Computes y = activation(bias + reduction) for 6 pixels by two vectors of channels.</summary>
    /// <param name="x">Input; <paramref name="pixels"/>[0..5] are offsets from it.</param>
    /// <param name="w">[rows][2 * Width].</param>
    /// <param name="bias">[2 * Width].</param>
    /// <param name="y">Output, in channel blocks; <paramref name="targets"/>[0..5] are offsets from it.</param>
    public static void Wide<T, TActivation>(
        float* x, int* pixels, in Reduction reduction, float* w, float* bias, float* y, int* targets, nint blockStride,
        TActivation activation)
        where T : unmanaged, ISimd<T>
        where TActivation : struct, IPointwise
    {
        nint p0 = pixels[0], p1 = pixels[1], p2 = pixels[2], p3 = pixels[3], p4 = pixels[4], p5 = pixels[5];
        T a0 = T.Load(bias), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
        T b0 = T.Load(bias + T.Width), b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0;
        int* taps = reduction.Taps, lastTap = taps + reduction.TapCount;
        nint inputStride = reduction.BlockStride, lanes = reduction.Lanes;
        for (nint block = reduction.Blocks; block > 0; block--)
        {
            if (block == 1) lanes = reduction.LastLanes;
            for (int* tap = taps; tap < lastTap; tap++)
            {
                float* source = x + *tap;
                for (float* end = source + lanes; source < end; source++)
                {
                    T u = T.Load(w), v = T.Load(w + T.Width);
                    w += 2 * T.Width;
                    Add(source[p0], u, v, ref a0, ref b0);
                    Add(source[p1], u, v, ref a1, ref b1);
                    Add(source[p2], u, v, ref a2, ref b2);
                    Add(source[p3], u, v, ref a3, ref b3);
                    Add(source[p4], u, v, ref a4, ref b4);
                    Add(source[p5], u, v, ref a5, ref b5);
                }
            }
            x += inputStride;
        }
        Finish(a0, b0, y + targets[0], blockStride, activation);
        Finish(a1, b1, y + targets[1], blockStride, activation);
        Finish(a2, b2, y + targets[2], blockStride, activation);
        Finish(a3, b3, y + targets[3], blockStride, activation);
        Finish(a4, b4, y + targets[4], blockStride, activation);
        Finish(a5, b5, y + targets[5], blockStride, activation);
    }

    /// <summary>
    /// Computes 12 pixels by two vectors, for machines with 32 vector registers. The filter streams past half as often, which matters where
    /// it comes from the second-level cache.
    /// </summary>
    /// <inheritdoc cref="Wide{T,TActivation}"/>
    public static void Broad<T, TActivation>(
        float* x, int* pixels, in Reduction reduction, float* w, float* bias, float* y, int* targets, nint blockStride,
        TActivation activation)
        where T : unmanaged, ISimd<T>
        where TActivation : struct, IPointwise
    {
        nint p0 = pixels[0], p1 = pixels[1], p2 = pixels[2], p3 = pixels[3], p4 = pixels[4], p5 = pixels[5],
            p6 = pixels[6], p7 = pixels[7], p8 = pixels[8], p9 = pixels[9], p10 = pixels[10], p11 = pixels[11];
        T a0 = T.Load(bias), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0, a9 = a0, a10 = a0, a11 = a0;
        T b0 = T.Load(bias + T.Width), b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0, b6 = b0, b7 = b0, b8 = b0, b9 = b0, b10 = b0, b11 = b0;
        int* taps = reduction.Taps, lastTap = taps + reduction.TapCount;
        nint inputStride = reduction.BlockStride, lanes = reduction.Lanes;
        for (nint block = reduction.Blocks; block > 0; block--)
        {
            if (block == 1) lanes = reduction.LastLanes;
            for (int* tap = taps; tap < lastTap; tap++)
            {
                float* source = x + *tap;
                for (float* end = source + lanes; source < end; source++)
                {
                    T u = T.Load(w), v = T.Load(w + T.Width);
                    w += 2 * T.Width;
                    Add(source[p0], u, v, ref a0, ref b0);
                    Add(source[p1], u, v, ref a1, ref b1);
                    Add(source[p2], u, v, ref a2, ref b2);
                    Add(source[p3], u, v, ref a3, ref b3);
                    Add(source[p4], u, v, ref a4, ref b4);
                    Add(source[p5], u, v, ref a5, ref b5);
                    Add(source[p6], u, v, ref a6, ref b6);
                    Add(source[p7], u, v, ref a7, ref b7);
                    Add(source[p8], u, v, ref a8, ref b8);
                    Add(source[p9], u, v, ref a9, ref b9);
                    Add(source[p10], u, v, ref a10, ref b10);
                    Add(source[p11], u, v, ref a11, ref b11);
                }
            }
            x += inputStride;
        }
        Finish(a0, b0, y + targets[0], blockStride, activation);
        Finish(a1, b1, y + targets[1], blockStride, activation);
        Finish(a2, b2, y + targets[2], blockStride, activation);
        Finish(a3, b3, y + targets[3], blockStride, activation);
        Finish(a4, b4, y + targets[4], blockStride, activation);
        Finish(a5, b5, y + targets[5], blockStride, activation);
        Finish(a6, b6, y + targets[6], blockStride, activation);
        Finish(a7, b7, y + targets[7], blockStride, activation);
        Finish(a8, b8, y + targets[8], blockStride, activation);
        Finish(a9, b9, y + targets[9], blockStride, activation);
        Finish(a10, b10, y + targets[10], blockStride, activation);
        Finish(a11, b11, y + targets[11], blockStride, activation);
    }

    /// <summary>Computes 8 pixels by one vector of channels, for the output channels left over when pairs of vectors are taken.</summary>
    /// <inheritdoc cref="Wide{T,TActivation}"/>
    public static void Narrow<T, TActivation>(
        float* x, int* pixels, in Reduction reduction, float* w, float* bias, float* y, int* targets, nint blockStride,
        TActivation activation)
        where T : unmanaged, ISimd<T>
        where TActivation : struct, IPointwise
    {
        nint p0 = pixels[0], p1 = pixels[1], p2 = pixels[2], p3 = pixels[3], p4 = pixels[4], p5 = pixels[5], p6 = pixels[6], p7 = pixels[7];
        T a0 = T.Load(bias), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        int* taps = reduction.Taps, lastTap = taps + reduction.TapCount;
        nint inputStride = reduction.BlockStride, lanes = reduction.Lanes;
        for (nint block = reduction.Blocks; block > 0; block--)
        {
            if (block == 1) lanes = reduction.LastLanes;
            for (int* tap = taps; tap < lastTap; tap++)
            {
                float* source = x + *tap;
                for (float* end = source + lanes; source < end; source++)
                {
                    T u = T.Load(w);
                    w += T.Width;
                    a0 = T.MultiplyAdd(T.Create(source[p0]), u, a0);
                    a1 = T.MultiplyAdd(T.Create(source[p1]), u, a1);
                    a2 = T.MultiplyAdd(T.Create(source[p2]), u, a2);
                    a3 = T.MultiplyAdd(T.Create(source[p3]), u, a3);
                    a4 = T.MultiplyAdd(T.Create(source[p4]), u, a4);
                    a5 = T.MultiplyAdd(T.Create(source[p5]), u, a5);
                    a6 = T.MultiplyAdd(T.Create(source[p6]), u, a6);
                    a7 = T.MultiplyAdd(T.Create(source[p7]), u, a7);
                }
            }
            x += inputStride;
        }
        T.StoreBlocks(activation.Forward(a0), y + targets[0], blockStride);
        T.StoreBlocks(activation.Forward(a1), y + targets[1], blockStride);
        T.StoreBlocks(activation.Forward(a2), y + targets[2], blockStride);
        T.StoreBlocks(activation.Forward(a3), y + targets[3], blockStride);
        T.StoreBlocks(activation.Forward(a4), y + targets[4], blockStride);
        T.StoreBlocks(activation.Forward(a5), y + targets[5], blockStride);
        T.StoreBlocks(activation.Forward(a6), y + targets[6], blockStride);
        T.StoreBlocks(activation.Forward(a7), y + targets[7], blockStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T, TActivation>(T a, T b, float* y, nint blockStride, TActivation activation)
        where T : unmanaged, ISimd<T>
        where TActivation : struct, IPointwise
    {
        T.StoreBlocks(activation.Forward(a), y, blockStride);
        T.StoreBlocks(activation.Forward(b), y + T.Width / 8 * blockStride, blockStride);
    }
}
