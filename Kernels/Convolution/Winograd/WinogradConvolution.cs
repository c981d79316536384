using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// y = activation(bias + x * w) by Winograd's algorithm. A chunk is some tiles of the output: their inputs are transformed, at each point they meet the transformed filter in a matrix
/// product, and what comes out is transformed back.
/// </summary>
public sealed unsafe class WinogradConvolution<TActivation> : ICpuKernel where TActivation : struct, IPointwise
{
    private readonly WinogradProblem _problem;
    private readonly ConvolutionShape _shape;
    private readonly float* _x, _u, _bias, _zeros, _y;
    private readonly ScratchSlots _slots;
    private readonly TActivation _activation;

    public WinogradConvolution(WinogradProblem problem, float* x, float* u, float* bias, float* zeros, float* y, ScratchSlots slots, TActivation activation)
    {
        _problem = problem;
        _shape = problem.Shape;
        _x = x;
        _u = u;
        _bias = bias;
        _zeros = zeros;
        _y = y;
        _slots = slots;
        _activation = activation;
    }

    public int Chunks => _problem.TileChunks * _problem.StripChunks;

    public void Run(int chunk)
    {
        int slot = _slots.Rent();
        try
        {
            int tiles = chunk / _problem.StripChunks, strips = chunk % _problem.StripChunks;
            int first = tiles * _problem.TilesPerChunk, last = Math.Min(_problem.Tiles, first + _problem.TilesPerChunk);
            int firstStrip = strips * _problem.StripsPerChunk, lastStrip = Math.Min(_problem.Filter.Strips.Length, firstStrip + _problem.StripsPerChunk);
            float* scratch = _slots.Memory(slot);
            if (_problem.Tile == 4) Run<Winograd4>(first, last, firstStrip, lastStrip, scratch);
            else Run<Winograd2>(first, last, firstStrip, lastStrip, scratch);
        }
        finally
        {
            _slots.Return(slot);
        }
    }

    private void Run<TWinograd>(int first, int last, int firstStrip, int lastStrip, float* scratch) where TWinograd : struct, IWinograd
    {
        float* v = scratch, m = v + (nint)_problem.Points * _problem.InputPlane, patch = m + (nint)_problem.Points * _problem.OutputPlane, rest = patch + _problem.PatchFloats;
        for (int tile = first; tile < last; tile++) TransformInput<TWinograd>(tile, v + (tile - first) * _problem.InputPitch, patch, rest);
        Multiply(last - first, firstStrip, lastStrip, v, m);
        FilterStrip start = _problem.Filter.Strips[firstStrip], end = _problem.Filter.Strips[lastStrip - 1];
        for (int tile = first; tile < last; tile++)
            TransformOutput<TWinograd>(tile, start.Channel, end.Channel + end.Width, m + (tile - first) * _problem.OutputPitch, rest);
    }

    private void Multiply(int tiles, int firstStrip, int lastStrip, float* v, float* m)
    {
        int zeroTap = 0;
        FilterLayout filter = _problem.Filter;
        var reduction = new Reduction(1, 0, &zeroTap, 1, filter.Channels, filter.Channels);
        int* inputs = (int*)Unsafe.AsPointer(ref _problem.Inputs[0]), outputs = (int*)Unsafe.AsPointer(ref _problem.Outputs[0]);
        float* u = _u;
        for (int point = 0; point < _problem.Points; point++)
        {
            for (int i = firstStrip; i < lastStrip; i++)
            {
                FilterStrip strip = filter.Strips[i];
                PixelStrip.Run(strip, filter.VectorWidth, v, reduction, u + strip.Offset, _zeros, m + strip.Channel, Blocks.Size, inputs, outputs, 0, tiles, default(Identity));
            }
            v += _problem.InputPlane;
            m += _problem.OutputPlane;
            u += filter.Count;
        }
    }

    private void TransformInput<TWinograd>(int tile, float* v, float* patch, float* scratch) where TWinograd : struct, IWinograd
    {
        (int image, int row, int column) = Position(tile);
        int top = row - _shape.PadH, left = column - _shape.PadW, points = TWinograd.Points;
        nint plane = (nint)_shape.H * _shape.W * Blocks.Size, rowFloats = _shape.W * Blocks.Size;
        int blocks = Blocks.Count(_shape.C);
        bool inside = top >= 0 && left >= 0 && top + points <= _shape.H && left + points <= _shape.W;
        float* x = _x + image * blocks * plane + (top * (nint)_shape.W + left) * Blocks.Size;
        int block = 0;
        if (_problem.Filter.VectorWidth == 16)
            for (; block + 2 <= blocks; block += 2) Input<Simd16>(block);
        for (; block < blocks; block++) Input<Simd8>(block);

        void Input<T>(int block) where T : unmanaged, ISimd<T>
        {
            float* source = x + block * plane;
            if (inside)
            {
                WinogradTransforms.Input<TWinograd, T>(source, rowFloats, plane, scratch, v + block * Blocks.Size, _problem.InputPlane);
                return;
            }
            int patchPlane = points * points * Blocks.Size;
            for (int i = 0; i < T.Width / Blocks.Size; i++) CopyPatch(source + i * plane, top, left, points, patch + i * patchPlane);
            WinogradTransforms.Input<TWinograd, T>(patch, points * Blocks.Size, patchPlane, scratch, v + block * Blocks.Size, _problem.InputPlane);
        }
    }

    private void CopyPatch(float* x, int top, int left, int points, float* patch)
    {
        int firstRow = Math.Max(0, -top), lastRow = Math.Min(points, _shape.H - top), firstColumn = Math.Max(0, -left), lastColumn = Math.Min(points, _shape.W - left);
        for (int row = 0; row < points; row++)
            for (int column = 0; column < points; column++)
            {
                bool inside = row >= firstRow && row < lastRow && column >= firstColumn && column < lastColumn;
                Simd8.Store(inside ? Simd8.Load(x + (row * (nint)_shape.W + column) * Blocks.Size) : Simd8.Zero, patch);
                patch += Blocks.Size;
            }
    }

    private void TransformOutput<TWinograd>(int tile, int firstChannel, int lastChannel, float* m, float* scratch) where TWinograd : struct, IWinograd
    {
        (int image, int row, int column) = Position(tile);
        nint plane = (nint)_shape.OutputArea * Blocks.Size, rowFloats = _shape.OutputWidth * Blocks.Size;
        int rows = Math.Min(TWinograd.Outputs, _shape.OutputHeight - row), columns = Math.Min(TWinograd.Outputs, _shape.OutputWidth - column);
        float* y = _y + image * (nint)_problem.OutputImageStride + (row * (nint)_shape.OutputWidth + column) * Blocks.Size;
        int channel = firstChannel;
        if (_problem.Filter.VectorWidth == 16)
            for (; channel + 16 <= lastChannel; channel += 16)
                WinogradTransforms.Output<TWinograd, Simd16, TActivation>(
                    m + channel, _problem.OutputPlane, scratch, Simd16.Load(_bias + channel), y + channel / Blocks.Size * plane, rowFloats, plane, rows, columns, _activation);
        for (; channel < lastChannel; channel += 8)
            WinogradTransforms.Output<TWinograd, Simd8, TActivation>(
                m + channel, _problem.OutputPlane, scratch, Simd8.Load(_bias + channel), y + channel / Blocks.Size * plane, rowFloats, plane, rows, columns, _activation);
    }

    private (int Image, int Row, int Column) Position(int tile)
    {
        int image = tile / _problem.TilesPerImage, inside = tile - image * _problem.TilesPerImage, row = inside / _problem.TileColumns;
        return (image, row * _problem.Tile, (inside - row * _problem.TileColumns) * _problem.Tile);
    }
}
