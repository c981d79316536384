using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Computes u = G w G^T for each input channel and filter: [points][channels and filters in the problem's layout], from a filter packed
/// with its 3x3 taps. Overwrites u. Memory-bound.
/// </summary>
internal sealed unsafe class WinogradFilter(WinogradProblem problem, FilterLayout from, float* w, float* u) : ICpuKernel
{
    private const int ChannelsPerChunk = 64;

    private readonly int _channelChunks = (from.Channels + ChannelsPerChunk - 1) / ChannelsPerChunk;

    public int Chunks => from.Strips.Length * _channelChunks;

    public void Run(int chunk)
    {
        int strip = chunk / _channelChunks, first = chunk % _channelChunks * ChannelsPerChunk;
        int last = Math.Min(from.Channels, first + ChannelsPerChunk);
        if (problem.Tile == 4) Strip<Winograd4>(strip, first, last);
        else Strip<Winograd2>(strip, first, last);
    }

    private void Strip<TWinograd>(int strip, int first, int last) where TWinograd : struct, IWinograd
    {
        if (from.Strips[strip].Width % Simd16.Width == 0 && from.VectorWidth == Simd16.Width)
            Channels<TWinograd, Simd16>(strip, first, last);
        else
            Channels<TWinograd, Simd8>(strip, first, last);
    }

    private void Channels<TWinograd, T>(int strip, int first, int last)
        where TWinograd : struct, IWinograd
        where T : unmanaged, ISimd<T>
    {
        float* scratch = stackalloc float[WinogradTransforms.ScratchFloats];
        nint width = from.Strips[strip].Width;
        for (int channel = first; channel < last; channel++)
        {
            nint row = from.Row(channel, 0), tap = (from.Row(channel, 1) - row) * width;
            float* source = w + from.Strips[strip].Offset + row * width, target = u + problem.Filter.Strips[strip].Offset + channel * width;
            for (nint column = 0; column < width; column += T.Width)
                WinogradTransforms.Filter<TWinograd, T>(source + column, tap, scratch, target + column, problem.Filter.Count);
        }
    }
}
