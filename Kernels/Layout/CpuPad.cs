using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Layout;

/// <summary>
/// Copies planes of rows into larger planes with a border of zeros. A row is contiguous: W * 8 floats in channel blocks, W * C floats
/// channels-last. Overwrites the whole target. Memory-bound.
/// </summary>
/// <param name="planes">Number of planes: images times channel blocks, or images.</param>
/// <param name="height">Rows of a source plane.</param>
/// <param name="row">Floats of a source row.</param>
/// <param name="top">Rows of zeros above.</param>
/// <param name="bottom">Rows of zeros below.</param>
/// <param name="left">Floats of zeros before a row.</param>
/// <param name="right">Floats of zeros after a row.</param>
internal sealed unsafe class CpuPad(
    float* source, float* target, int planes, int height, int row, int top, int bottom, int left, int right) : ICpuKernel
{
    private readonly int _planesPerChunk = Math.Max(1, (1 << 14) / (height * row));

    public int Chunks => (planes + _planesPerChunk - 1) / _planesPerChunk;

    public void Run(int chunk)
    {
        int last = Math.Min(planes, (chunk + 1) * _planesPerChunk), padded = left + row + right;
        for (int plane = chunk * _planesPerChunk; plane < last; plane++)
        {
            float* from = source + (nint)plane * height * row, to = target + (nint)plane * (top + height + bottom) * padded;
            // The zeros after one row and before the next are contiguous.
            new Span<float>(to, top * padded + left).Clear();
            to += top * padded + left;
            for (int y = 0; y < height; y++, from += row, to += padded)
            {
                new ReadOnlySpan<float>(from, row).CopyTo(new Span<float>(to, row));
                int zeros = y < height - 1 ? right + left : right + bottom * padded;
                new Span<float>(to + row, zeros).Clear();
            }
        }
    }
}
