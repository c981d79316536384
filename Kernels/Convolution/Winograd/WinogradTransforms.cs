using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Transforms of a filter, of its gradient, and of an output tile, for one vector of channels. The values of a transformed tile lie in
/// planes, one for each of its points.
/// </summary>
internal static unsafe class WinogradTransforms
{
    /// <summary>Number of scratch floats that any of the transforms needs: a tile of the widest vectors, and a row.</summary>
    public const int ScratchFloats = (6 * 6 + 6) * 16;

    /// <summary>Computes G g G^T.</summary>
    /// <param name="g">First of 9 taps, <paramref name="tap"/> floats apart.</param>
    public static void Filter<TWinograd, T>(float* g, nint tap, float* scratch, float* u, nint plane)
        where TWinograd : struct, IWinograd
        where T : unmanaged, ISimd<T>
    {
        int points = TWinograd.Points;
        for (nint column = 0; column < 3; column++)
            TWinograd.Filter<T, Line<T>>(new(g + column * tap, 3 * tap), scratch + column * T.Width, 3 * T.Width);
        for (nint i = 0; i < points; i++)
            TWinograd.Filter<T, Line<T>>(new(scratch + i * 3 * T.Width, T.Width), u + i * points * plane, plane);
    }

    /// <summary>Computes G^T u G.</summary>
    /// <param name="u">[points][points] vectors.</param>
    /// <param name="g">Receives the first of 9 taps, <paramref name="tap"/> floats apart.</param>
    public static void FilterGradient<TWinograd, T>(float* u, float* scratch, float* g, nint tap)
        where TWinograd : struct, IWinograd
        where T : unmanaged, ISimd<T>
    {
        int points = TWinograd.Points;
        for (nint column = 0; column < points; column++)
            TWinograd.FilterGradient<T, Line<T>>(new(u + column * T.Width, points * T.Width), scratch + column * T.Width, points * T.Width);
        for (nint i = 0; i < 3; i++)
            TWinograd.FilterGradient<T, Line<T>>(new(scratch + i * points * T.Width, T.Width), g + 3 * i * tap, tap);
    }

    /// <summary>Computes activation(bias + A^T m A) for the rows and columns that lie inside the map.</summary>
    /// <param name="y">
    /// First pixel of the tile. A pixel holds 8 channels in each block, blocks <paramref name="blockStride"/> floats apart.
    /// </param>
    /// <param name="row">Floats between two rows of y.</param>
    public static void Output<TWinograd, T, TActivation>(
        float* m, nint plane, float* scratch, T bias, float* y, nint row, nint blockStride, int rows, int columns, TActivation activation)
        where TWinograd : struct, IWinograd
        where T : unmanaged, ISimd<T>
        where TActivation : struct, IPointwise
    {
        int points = TWinograd.Points;
        float* line = scratch + points * points * T.Width;
        for (nint column = 0; column < points; column++)
            TWinograd.Output<T, Line<T>>(new(m + column * plane, points * plane), scratch + column * T.Width, points * T.Width);
        for (nint i = 0; i < rows; i++)
        {
            TWinograd.Output<T, Line<T>>(new(scratch + i * points * T.Width, T.Width), line, T.Width);
            for (nint j = 0; j < columns; j++)
                T.StoreBlocks(activation.Forward(T.Load(line + j * T.Width) + bias), y + i * row + j * Blocks.Size, blockStride);
        }
    }
}
