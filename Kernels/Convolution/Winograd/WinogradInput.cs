using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>Reads tiles of a convolution's input, with zeros where a tile reaches over the map's edge, and transforms them.</summary>
internal sealed unsafe class WinogradInput(WinogradProblem problem, float* x)
{
    private readonly ConvolutionShape _shape = problem.Shape;

    /// <param name="v">Where the tile's first point of the first of the blocks goes.</param>
    /// <param name="patch">[<see cref="WinogradProblem.PatchFloats"/>]</param>
    public void Transform<TWinograd>(int tile, int firstBlock, int lastBlock, float* v, float* patch, float* scratch) where TWinograd : struct, IWinograd
    {
        (int image, int row, int column) = problem.Position(tile);
        int top = row - _shape.PadH, left = column - _shape.PadW, points = TWinograd.Points, block = firstBlock;
        bool inside = top >= 0 && left >= 0 && top + points <= _shape.H && left + points <= _shape.W;
        nint rowFloats = _shape.W * Blocks.Size, plane = _shape.H * rowFloats;
        float* source = x + (image * (nint)Blocks.Count(_shape.C) + firstBlock) * plane + top * rowFloats + left * Blocks.Size;
        if (problem.Filter.VectorWidth == 16)
            for (; block + 2 <= lastBlock; block += 2) Channels<Simd16>();
        for (; block < lastBlock; block++) Channels<Simd8>();

        void Channels<T>() where T : unmanaged, ISimd<T>
        {
            if (inside) WinogradTransforms.Input<TWinograd, T>(source, rowFloats, plane, scratch, v, problem.InputPlane);
            else
            {
                int patchPlane = points * points * Blocks.Size;
                for (int i = 0; i < T.Width / Blocks.Size; i++) Copy(source + i * plane, top, left, points, patch + i * patchPlane);
                WinogradTransforms.Input<TWinograd, T>(patch, points * Blocks.Size, patchPlane, scratch, v, problem.InputPlane);
            }
            source += T.Width / Blocks.Size * plane;
            v += T.Width;
        }
    }

    private void Copy(float* source, int top, int left, int points, float* patch)
    {
        int firstRow = Math.Max(0, -top), lastRow = Math.Min(points, _shape.H - top), firstColumn = Math.Max(0, -left), lastColumn = Math.Min(points, _shape.W - left);
        for (int row = 0; row < points; row++)
            for (int column = 0; column < points; column++)
            {
                bool inside = row >= firstRow && row < lastRow && column >= firstColumn && column < lastColumn;
                Simd8.Store(inside ? Simd8.Load(source + ((nint)row * _shape.W + column) * Blocks.Size) : Simd8.Zero, patch);
                patch += Blocks.Size;
            }
    }
}
