using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>U = G w G^T of each input channel and filter, from a packed filter of 3x3 taps to a plane for each point. Overwrites u.</summary>
public sealed unsafe class WinogradFilter(WinogradProblem problem, FilterLayout from, float* w, float* u) : ICpuKernel
{
    private const int RowsPerChunk = 64;

    private readonly FilterLayout _to = problem.Filter;
    private readonly int _rowChunks = (from.Channels + RowsPerChunk - 1) / RowsPerChunk;

    public int Chunks => from.Strips.Length * _rowChunks;

    public void Run(int chunk)
    {
        int strip = chunk / _rowChunks, first = chunk % _rowChunks * RowsPerChunk, last = Math.Min(from.Channels, first + RowsPerChunk);
        if (problem.Tile == 4) Strip<Winograd4>(from.Strips[strip], _to.Strips[strip], first, last);
        else Strip<Winograd2>(from.Strips[strip], _to.Strips[strip], first, last);
    }

    private void Strip<TWinograd>(FilterStrip source, FilterStrip target, int first, int last) where TWinograd : struct, IWinograd
    {
        if (source.Width % 16 == 0) Rows<TWinograd, Simd16>(source, target, first, last);
        else Rows<TWinograd, Simd8>(source, target, first, last);
    }

    private void Rows<TWinograd, T>(FilterStrip source, FilterStrip target, int first, int last)
        where TWinograd : struct, IWinograd
        where T : unmanaged, ISimd<T>
    {
        float* scratch = stackalloc float[WinogradTransforms.ScratchFloats];
        for (int channel = first; channel < last; channel++)
        {
            nint tap = (nint)(from.Row(channel, 1) - from.Row(channel, 0)) * source.Width;
            float* g = w + source.Offset + (nint)from.Row(channel, 0) * source.Width;
            float* to = u + target.Offset + (nint)channel * target.Width;
            for (int column = 0; column < source.Width; column += T.Width)
                WinogradTransforms.Filter<TWinograd, T>(g + column, tap, scratch, to + column, _to.Count);
        }
    }
}
