using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Computes y = activation(bias + x * w) by Winograd's algorithm. It serves the forward pass of a convolution with 3x3 filters and its
/// backward pass to the input (x is then the output's gradient, and w the turned filter). A chunk covers some tiles of the output and some
/// of its channels: it transforms the tiles' inputs, multiplies them by the transformed filter in one matrix product per point, and
/// transforms the result back. Overwrites y. Compute-bound.
/// </summary>
[Dispatched]
internal sealed unsafe class WinogradConvolution<TActivation> : ICpuKernel where TActivation : unmanaged, IPointwise
{
    private readonly WinogradProblem _problem;
    private readonly TileSource _x;
    private readonly float* _u, _bias, _zeros, _y;
    private readonly ScratchSlots _slots;
    private readonly TActivation _activation;
    private readonly StepScalars* _scalars;
    private readonly double* _moments;

    /// <param name="x">[N][ceil(C / 8)][H][W][8]</param>
    /// <param name="u">Transformed filter: see <see cref="WinogradFilter"/>.</param>
    /// <param name="bias">One float per output channel, rounded up to whole blocks.</param>
    /// <param name="zeros">Zeros, one float per output channel, rounded up to whole blocks.</param>
    /// <param name="y">
    /// [N][ceil(K / 8)][output height][output width][8]; images are <see cref="WinogradProblem.OutputImage"/> floats apart.
    /// </param>
    /// <param name="slots">Slots of <see cref="WinogradProblem.ScratchFloats"/> floats.</param>
    /// <param name="activation">Applied as the output is written.</param>
    /// <param name="scalars">
    /// [1] Gives the number of real images; the others are left out of the moments. Not read if no moments are gathered.
    /// </param>
    /// <param name="moments">
    /// [channel blocks][<see cref="WinogradProblem.MomentParts"/>][<see cref="BlockMoments.Size"/>] Moments of the output, overwritten.
    /// Null if nothing reads them.
    /// </param>
    public WinogradConvolution(
        WinogradProblem problem, float* x, float* u, float* bias, float* zeros, float* y, ScratchSlots slots, TActivation activation,
        StepScalars* scalars = null, double* moments = null)
    {
        _problem = problem;
        _x = new(x, problem.Shape.C, problem.Shape.H, problem.Shape.W, problem.Filter.VectorWidth);
        _u = u;
        _bias = bias;
        _zeros = zeros;
        _y = y;
        _slots = slots;
        _activation = activation;
        _scalars = scalars;
        _moments = moments;
    }

    public int Chunks => _problem.Chunks;

    public void Run(int chunk)
    {
        if (_problem.Tile == 4) Run<Winograd4>(chunk);
        else Run<Winograd2>(chunk);
    }

    private void Run<TWinograd>(int chunk) where TWinograd : struct, IWinograd
    {
        // Neighbouring chunks share a part of the filter.
        int part = chunk / _problem.TileChunks, first = chunk % _problem.TileChunks * _problem.TilesPerChunk;
        int last = Math.Min(_problem.Tiles.Count, first + _problem.TilesPerChunk);
        ReadOnlySpan<FilterStrip> strips = _problem.Filter.Strips.AsSpan(part * _problem.StripsPerChunk);
        strips = strips[..Math.Min(strips.Length, _problem.StripsPerChunk)];
        using ScratchSlots.Slot slot = _slots.Rent();
        float* v = slot.Memory, m = v + (nint)_problem.Points * _problem.InputPlane;
        float* patch = m + (nint)_problem.Points * _problem.OutputPlane, scratch = patch + TileSource.PatchFloats;
        int blocks = Blocks.Count(_problem.Shape.C);
        for (int tile = first; tile < last; tile++)
        {
            (int image, int row, int column) = _problem.Tiles.Position(tile);
            _x.Transform<InputTransform<TWinograd>>(image, row - _problem.Shape.PadH, column - _problem.Shape.PadW, 0, blocks,
                v + (tile - first) * (nint)_problem.InputPitch, _problem.InputPlane, patch, scratch);
        }
        Multiply(strips, last - first, v, m);
        int firstChannel = strips[0].Channel, lastChannel = strips[^1].Channel + strips[^1].Width;
        for (int tile = first; tile < last; tile++)
            TransformBack<TWinograd>(tile, firstChannel, lastChannel, m + (tile - first) * (nint)_problem.OutputPitch, scratch);
        if (_moments is null) return;
        for (int block = strips[0].Channel / Blocks.Size; block < (strips[^1].Channel + strips[^1].Width) / Blocks.Size; block++)
            GatherMoments(block, first, Math.Min(last, _scalars->Images * _problem.Tiles.PerImage));
    }

    private void Multiply(ReadOnlySpan<FilterStrip> strips, int tiles, float* v, float* m)
    {
        FilterLayout filter = _problem.Filter;
        int tap = 0;
        var reduction = new Reduction(1, 0, &tap, 1, filter.Channels, filter.Channels);
        int* inputs = (int*)Unsafe.AsPointer(ref _problem.Inputs[0]), outputs = (int*)Unsafe.AsPointer(ref _problem.Outputs[0]);
        float* u = _u;
        for (int point = 0; point < _problem.Points; point++)
        {
            foreach (FilterStrip strip in strips)
                PixelStrip.Run(
                    strip, filter.VectorWidth, v, reduction, u + strip.Offset, _zeros, m + strip.Channel, Blocks.Size, inputs, outputs,
                    0, tiles, default(Identity));
            v += _problem.InputPlane;
            m += _problem.OutputPlane;
            u += filter.Count;
        }
    }

    private void TransformBack<TWinograd>(int tile, int firstChannel, int lastChannel, float* m, float* scratch)
        where TWinograd : struct, IWinograd
    {
        ConvolutionShape shape = _problem.Shape;
        (int image, int row, int column) = _problem.Tiles.Position(tile);
        nint block = (nint)shape.OutputArea * Blocks.Size, rowFloats = shape.OutputWidth * Blocks.Size;
        int rows = Math.Min(TWinograd.Outputs, shape.OutputHeight - row), columns = Math.Min(TWinograd.Outputs, shape.OutputWidth - column);
        float* y = _y + image * (nint)_problem.OutputImage + row * rowFloats + column * Blocks.Size;
        int channel = firstChannel;
        if (_problem.Filter.VectorWidth == 16)
            for (; channel + Simd16.Width <= lastChannel; channel += Simd16.Width) Channels<Simd16>(channel);
        for (; channel < lastChannel; channel += Simd8.Width) Channels<Simd8>(channel);

        void Channels<T>(int channel) where T : unmanaged, ISimd<T> => WinogradTransforms.Output<TWinograd, T, TActivation>(
            m + channel, _problem.OutputPlane, scratch, T.Load(_bias + channel), y + channel / Blocks.Size * block, rowFloats, block,
            rows, columns, _activation);
    }

    /// <summary>
    /// Gathers the moments of tiles [first, last) that a chunk has just written, while their pixels are in the cache. Neighbouring tiles
    /// form runs of pixels.
    /// </summary>
    private void GatherMoments(int block, int first, int last)
    {
        ConvolutionShape shape = _problem.Shape;
        float* map = _y + block * (nint)shape.OutputArea * Blocks.Size;
        var sums = new BlockSums(first < last ? Pixel(_problem.Tiles.Position(first), 0) : null);
        for (int tile = first; tile < last;)
        {
            (int Image, int Row, int Column) position = _problem.Tiles.Position(tile);
            int neighbours = Math.Min(last - tile, _problem.Tiles.Columns - position.Column / _problem.Tile);
            int rows = Math.Min(_problem.Tile, shape.OutputHeight - position.Row);
            int columns = Math.Min(neighbours * _problem.Tile, shape.OutputWidth - position.Column);
            for (int row = 0; row < rows; row++) sums.Add(Pixel(position, row), columns);
            tile += neighbours;
        }
        sums.Store(_moments + ((nint)block * _problem.MomentParts + first / _problem.TilesPerChunk) * BlockMoments.Size);

        float* Pixel((int Image, int Row, int Column) position, int row) =>
            map + position.Image * (nint)_problem.OutputImage
            + ((position.Row + row) * (nint)shape.OutputWidth + position.Column) * Blocks.Size;
    }
}
