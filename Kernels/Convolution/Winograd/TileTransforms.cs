using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>Transform from a tile of pixels to points.</summary>
internal unsafe interface ITileTransform
{
    /// <summary>Number of rows and columns in the tile of pixels.</summary>
    static abstract int Size { get; }

    /// <summary>Transforms one tile.</summary>
    /// <param name="x">
    /// First pixel of the tile. A pixel holds 8 channels in each block, blocks <paramref name="blockStride"/> floats apart.
    /// </param>
    /// <param name="row">Floats between two rows of x.</param>
    /// <param name="scratch">[<see cref="WinogradTransforms.ScratchFloats"/>]</param>
    /// <param name="v">Receives the first point.</param>
    /// <param name="plane">Floats between two points of v.</param>
    static abstract void Apply<T>(float* x, nint row, nint blockStride, float* scratch, float* v, nint plane) where T : unmanaged, ISimd<T>;
}

/// <summary>The input transform B^T d B.</summary>
internal readonly unsafe struct InputTransform<TWinograd> : ITileTransform where TWinograd : struct, IWinograd
{
    public static int Size => TWinograd.Points;

    public static void Apply<T>(float* x, nint row, nint blockStride, float* scratch, float* v, nint plane) where T : unmanaged, ISimd<T>
    {
        int points = TWinograd.Points;
        for (nint column = 0; column < points; column++)
            TWinograd.Input<T, BlockLine<T>>(new(x + column * Blocks.Size, row, blockStride), scratch + column * T.Width, points * T.Width);
        for (nint i = 0; i < points; i++)
            TWinograd.Input<T, Line<T>>(new(scratch + i * points * T.Width, T.Width), v + i * points * plane, plane);
    }
}

/// <summary>The output gradient's transform A dy A^T.</summary>
internal readonly unsafe struct OutputGradientTransform<TWinograd> : ITileTransform where TWinograd : struct, IWinograd
{
    public static int Size => TWinograd.Outputs;

    public static void Apply<T>(float* x, nint row, nint blockStride, float* scratch, float* v, nint plane) where T : unmanaged, ISimd<T>
    {
        int points = TWinograd.Points, size = TWinograd.Outputs;
        for (nint column = 0; column < size; column++)
            TWinograd.OutputGradient<T, BlockLine<T>>(
                new(x + column * Blocks.Size, row, blockStride), scratch + column * T.Width, size * T.Width);
        for (nint i = 0; i < points; i++)
            TWinograd.OutputGradient<T, Line<T>>(new(scratch + i * size * T.Width, T.Width), v + i * points * plane, plane);
    }
}
