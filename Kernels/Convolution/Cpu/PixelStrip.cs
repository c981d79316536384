using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>Runs the tiles of one strip of output channels over a run of pixels.</summary>
internal static unsafe class PixelStrip
{
    /// <summary>Number of pixels that is a multiple of every tile.</summary>
    public const int TileMultiple = 24;

    /// <param name="inputs">Offset in <paramref name="x"/> of each pixel.</param>
    /// <param name="targets">Offset in <paramref name="y"/> of each pixel.</param>
    /// <param name="first">First pixel of the run.</param>
    /// <param name="last">One past the last pixel of the run.</param>
    /// <param name="w">The strip's filter.</param>
    /// <param name="bias">The strip's biases.</param>
    /// <param name="y">The strip's first channel block of the output; blocks are <paramref name="blockStride"/> floats apart.</param>
    public static void Run<TActivation>(
        FilterStrip strip, int vectorWidth, float* x, in Reduction reduction, float* w, float* bias, float* y, nint blockStride,
        int* inputs, int* targets, int first, int last, TActivation activation)
        where TActivation : struct, IPointwise
    {
        if (strip.Width == 2 * vectorWidth)
        {
            if (vectorWidth == 16)
                Wide<Simd16, TActivation>(x, reduction, w, bias, y, blockStride, inputs, targets, first, last, activation);
            else
                Wide<Simd8, TActivation>(x, reduction, w, bias, y, blockStride, inputs, targets, first, last, activation);
        }
        else if (strip.Width == 16)
            Narrow<Simd16, TActivation>(x, reduction, w, bias, y, blockStride, inputs, targets, first, last, activation);
        else
            Narrow<Simd8, TActivation>(x, reduction, w, bias, y, blockStride, inputs, targets, first, last, activation);
    }

    private static void Wide<T, TActivation>(
        float* x, in Reduction reduction, float* w, float* bias, float* y, nint blockStride, int* inputs, int* targets,
        int first, int last, TActivation activation)
        where T : unmanaged, ISimd<T>
        where TActivation : struct, IPointwise
    {
        int* tail = stackalloc int[2 * PixelTile.WidePixels];
        int pixel = first;
        if (T.Width == 16)
            for (; pixel <= last - PixelTile.BroadPixels; pixel += PixelTile.BroadPixels)
                PixelTile.Broad<T, TActivation>(x, inputs + pixel, reduction, w, bias, y, targets + pixel, blockStride, activation);
        for (; pixel < last; pixel += PixelTile.WidePixels)
        {
            int* from = inputs + pixel, to = targets + pixel;
            if (pixel + PixelTile.WidePixels > last) Clamp(last - pixel, PixelTile.WidePixels, tail, ref from, ref to);
            PixelTile.Wide<T, TActivation>(x, from, reduction, w, bias, y, to, blockStride, activation);
        }
    }

    private static void Narrow<T, TActivation>(
        float* x, in Reduction reduction, float* w, float* bias, float* y, nint blockStride, int* inputs, int* targets,
        int first, int last, TActivation activation)
        where T : unmanaged, ISimd<T>
        where TActivation : struct, IPointwise
    {
        int* tail = stackalloc int[2 * PixelTile.NarrowPixels];
        for (int pixel = first; pixel < last; pixel += PixelTile.NarrowPixels)
        {
            int* from = inputs + pixel, to = targets + pixel;
            if (pixel + PixelTile.NarrowPixels > last) Clamp(last - pixel, PixelTile.NarrowPixels, tail, ref from, ref to);
            PixelTile.Narrow<T, TActivation>(x, from, reduction, w, bias, y, to, blockStride, activation);
        }
    }

    /// <summary>Makes a tile that extends past the end recompute the last pixel, and write the same values to the same place.</summary>
    private static void Clamp(int real, int tile, int* tail, ref int* inputs, ref int* targets)
    {
        for (int i = 0; i < tile; i++)
        {
            tail[i] = inputs[Math.Min(i, real - 1)];
            tail[tile + i] = targets[Math.Min(i, real - 1)];
        }
        inputs = tail;
        targets = tail + tile;
    }
}
