using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// Computes dw = G^T (parts[0] + parts[1] + …) G, in this order, in the layout of a filter packed with its 3x3 taps. Overwrites dw.
/// Memory-bound.
/// </summary>
/// <param name="parts">[Splits][Points][Filter.Count] of the problem.</param>
internal sealed unsafe class WinogradGradientSum(WinogradGradientProblem problem, FilterLayout to, float* parts, float* dw) : ICpuKernel
{
    private const int ChannelsPerChunk = 64;

    private readonly int _channelChunks = (to.Channels + ChannelsPerChunk - 1) / ChannelsPerChunk;

    public int Chunks => to.Strips.Length * _channelChunks;

    public void Run(int chunk)
    {
        int strip = chunk / _channelChunks, first = chunk % _channelChunks * ChannelsPerChunk;
        int last = Math.Min(to.Channels, first + ChannelsPerChunk);
        if (problem.Tile == 4) Strip<Winograd4>(strip, first, last);
        else Strip<Winograd2>(strip, first, last);
    }

    private void Strip<TWinograd>(int strip, int first, int last) where TWinograd : struct, IWinograd
    {
        if (to.Strips[strip].Width % Simd16.Width == 0 && to.VectorWidth == Simd16.Width) Channels<TWinograd, Simd16>(strip, first, last);
        else Channels<TWinograd, Simd8>(strip, first, last);
    }

    private void Channels<TWinograd, T>(int strip, int first, int last)
        where TWinograd : struct, IWinograd
        where T : unmanaged, ISimd<T>
    {
        float* scratch = stackalloc float[WinogradTransforms.ScratchFloats], sums = stackalloc float[problem.Points * T.Width];
        nint width = to.Strips[strip].Width, plane = problem.Filter.Count, part = problem.Points * plane;
        for (int channel = first; channel < last; channel++)
        {
            nint row = to.Row(channel, 0), tap = (to.Row(channel, 1) - row) * width;
            float* source = parts + problem.Filter.Strips[strip].Offset + channel * width;
            float* target = dw + to.Strips[strip].Offset + row * width;
            for (nint column = 0; column < width; column += T.Width)
            {
                for (nint point = 0; point < problem.Points; point++)
                {
                    float* from = source + column + point * plane;
                    T sum = T.Load(from);
                    for (nint i = 1; i < problem.Splits; i++) sum += T.Load(from + i * part);
                    T.Store(sum, sums + point * T.Width);
                }
                WinogradTransforms.FilterGradient<TWinograd, T>(sums, scratch, target + column, tap);
            }
        }
    }
}
