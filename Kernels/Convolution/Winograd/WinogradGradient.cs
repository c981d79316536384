using System.Runtime.CompilerServices;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Computes parts[split] = sum over the split's tiles of (B^T x B) (outer) (A dy A^T) at each point. A chunk covers some input channels and
/// some output channels of a split, so that its sums stay in the second-level cache. Overwrites parts. Compute-bound.
/// </summary>
internal sealed unsafe class WinogradGradient : ICpuKernel
{
    private readonly WinogradGradientProblem _problem;
    private readonly TileSource _x, _dy;
    private readonly float* _parts;
    private readonly ScratchSlots _slots;

    /// <param name="x">[N][ceil(C / 8)][H][W][8]</param>
    /// <param name="dy">Gradient of the output, [N][ceil(K / 8)][output height][output width][8]; lanes past K are zero.</param>
    /// <param name="parts">[Splits][Points][Filter.Count].</param>
    /// <param name="slots">Slots of <see cref="WinogradGradientProblem.ScratchFloats"/> floats.</param>
    public WinogradGradient(WinogradGradientProblem problem, float* x, float* dy, float* parts, ScratchSlots slots)
    {
        _problem = problem;
        ConvolutionShape shape = problem.Shape;
        _x = new(x, shape.C, shape.H, shape.W, problem.Filter.VectorWidth);
        _dy = new(dy, shape.K, shape.OutputHeight, shape.OutputWidth, problem.Filter.VectorWidth);
        _parts = parts;
        _slots = slots;
    }

    public int Chunks => _problem.Chunks;

    public void Run(int chunk)
    {
        if (_problem.Tile == 4) Run<Winograd4>(chunk);
        else Run<Winograd2>(chunk);
    }

    private void Run<TWinograd>(int chunk) where TWinograd : struct, IWinograd
    {
        int stripChunk = chunk % _problem.StripChunks, rest = chunk / _problem.StripChunks;
        int channelChunk = rest % _problem.ChannelChunks, split = rest / _problem.ChannelChunks;
        int firstChannel = channelChunk * _problem.ChannelsPerChunk;
        int lastChannel = Math.Min(_problem.Shape.C, firstChannel + _problem.ChannelsPerChunk);
        ReadOnlySpan<FilterStrip> strips = _problem.Filter.Strips.AsSpan(stripChunk * _problem.StripsPerChunk);
        strips = strips[..Math.Min(strips.Length, _problem.StripsPerChunk)];
        int firstOutput = strips[0].Channel, lastOutput = strips[^1].Channel + strips[^1].Width;
        float* sums = _parts + (nint)split * _problem.Points * _problem.Filter.Count;
        Clear(strips, firstChannel, lastChannel, sums);

        using ScratchSlots.Slot slot = _slots.Rent();
        float* v = slot.Memory, m = v + (nint)_problem.Points * _problem.InputPlane;
        float* patch = m + (nint)_problem.Points * _problem.OutputPlane, scratch = patch + TileSource.PatchFloats;
        int start = (int)((long)split * _problem.Tiles.Count / _problem.Splits);
        int end = (int)((split + 1L) * _problem.Tiles.Count / _problem.Splits);
        for (int first = start; first < end; first += _problem.TilesPerRun)
        {
            int last = Math.Min(end, first + _problem.TilesPerRun);
            for (int tile = first; tile < last; tile++)
            {
                (int image, int row, int column) = _problem.Tiles.Position(tile);
                _x.Transform<InputTransform<TWinograd>>(
                    image, row - _problem.Shape.PadH, column - _problem.Shape.PadW, firstChannel / Blocks.Size, Blocks.Count(lastChannel),
                    v + (tile - first) * (nint)_problem.ChannelsPerChunk, _problem.InputPlane, patch, scratch);
                _dy.Transform<OutputGradientTransform<TWinograd>>(image, row, column, firstOutput / Blocks.Size, lastOutput / Blocks.Size,
                    m + (tile - first) * (nint)_problem.OutputPitch, _problem.OutputPlane, patch, scratch);
            }
            Multiply(strips, firstChannel, lastChannel, last - first, v - firstChannel, m - firstOutput, sums);
        }
    }

    private void Multiply(ReadOnlySpan<FilterStrip> strips, int firstChannel, int lastChannel, int tiles, float* v, float* m, float* sums)
    {
        int* rows = (int*)Unsafe.AsPointer(ref _problem.Rows[0]);
        var run = new PixelRun(1, 1, tiles, 0, 0, _problem.ChannelsPerChunk, 0, 0, _problem.OutputPitch);
        for (int point = 0; point < _problem.Points; point++)
        {
            foreach (FilterStrip strip in strips)
                FilterRows.Run(
                    strip, _problem.Filter.VectorWidth, v, rows, m + strip.Channel, Blocks.Size, run, firstChannel, lastChannel,
                    sums + strip.Offset);
            v += _problem.InputPlane;
            m += _problem.OutputPlane;
            sums += _problem.Filter.Count;
        }
    }

    private void Clear(ReadOnlySpan<FilterStrip> strips, int firstChannel, int lastChannel, float* sums)
    {
        for (int point = 0; point < _problem.Points; point++)
            foreach (FilterStrip strip in strips)
            {
                float* start = sums + (nint)point * _problem.Filter.Count + strip.Offset + (nint)firstChannel * strip.Width;
                new Span<float>(start, (lastChannel - firstChannel) * strip.Width).Clear();
            }
    }
}
