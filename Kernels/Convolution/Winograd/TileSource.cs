using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Reads tiles of a batch of maps in channel blocks, with zeros where a tile extends past a map's edge, and transforms them.
/// </summary>
/// <param name="x">[N][ceil(channels / 8)][height][width][8]</param>
internal sealed unsafe class TileSource(float* x, int channels, int height, int width, int vectorWidth)
{
    /// <summary>Floats in a tile of as many channel blocks as fit the widest vector.</summary>
    public const int PatchFloats = 6 * 6 * 2 * Blocks.Size;

    /// <summary>Transforms a range of channel blocks of a tile.</summary>
    /// <param name="top">Row of the tile's first pixel, which may lie outside the map.</param>
    /// <param name="left">Column of the tile's first pixel, which may lie outside the map.</param>
    /// <param name="v">Receives the first point of the first block.</param>
    /// <param name="plane">Floats between two points of v.</param>
    /// <param name="patch">[<see cref="PatchFloats"/>]</param>
    /// <param name="scratch">[<see cref="WinogradTransforms.ScratchFloats"/>]</param>
    public void Transform<TTransform>(
        int image, int top, int left, int firstBlock, int lastBlock, float* v, nint plane, float* patch, float* scratch)
        where TTransform : struct, ITileTransform
    {
        int size = TTransform.Size, block = firstBlock;
        bool inside = top >= 0 && left >= 0 && top + size <= height && left + size <= width;
        nint row = width * Blocks.Size, map = height * row;
        float* source = x + (image * (nint)Blocks.Count(channels) + firstBlock) * map + top * row + left * Blocks.Size;
        if (vectorWidth == Simd16.Width)
            for (; block + 2 <= lastBlock; block += 2) Vector<Simd16>();
        for (; block < lastBlock; block++) Vector<Simd8>();

        void Vector<T>() where T : unmanaged, ISimd<T>
        {
            if (inside) TTransform.Apply<T>(source, row, map, scratch, v, plane);
            else
            {
                int patchMap = size * size * Blocks.Size;
                for (int i = 0; i < T.Width / Blocks.Size; i++) Copy(source + i * map, top, left, size, patch + i * patchMap);
                TTransform.Apply<T>(patch, size * Blocks.Size, patchMap, scratch, v, plane);
            }
            source += T.Width / Blocks.Size * map;
            v += T.Width;
        }
    }

    private void Copy(float* source, int top, int left, int size, float* patch)
    {
        int firstRow = Math.Max(0, -top), lastRow = Math.Min(size, height - top);
        int firstColumn = Math.Max(0, -left), lastColumn = Math.Min(size, width - left);
        for (int row = 0; row < size; row++)
            for (int column = 0; column < size; column++)
            {
                bool inside = row >= firstRow && row < lastRow && column >= firstColumn && column < lastColumn;
                Simd8.Store(inside ? Simd8.Load(source + ((nint)row * width + column) * Blocks.Size) : Simd8.Zero, patch);
                patch += Blocks.Size;
            }
    }
}
