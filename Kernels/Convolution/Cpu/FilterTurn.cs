using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Cpu;

/// <summary>
/// Turns a packed filter for the backward pass to the input: swaps rows and output channels, and keeps only the given taps in the given
/// order. Overwrites the target. Memory-bound: blocks of 8 by 8 are transposed in registers.
/// </summary>
internal sealed unsafe class FilterTurn : ICpuKernel
{
    private readonly FilterLayout _from, _to;
    private readonly int[] _taps;
    private readonly float* _source, _target;

    /// <param name="from">Layout of the filter: rows over input channels, strips over output channels.</param>
    /// <param name="to">Layout of the turned filter: rows over output channels, strips over input channels.</param>
    /// <param name="taps">For each tap of the turned filter, the tap of the original one.</param>
    public FilterTurn(FilterLayout from, FilterLayout to, int[] taps, float* source, float* target)
    {
        _from = from;
        _to = to;
        _taps = taps;
        _source = source;
        _target = target;
    }

    public int Chunks => _from.Strips.Length;

    public void Run(int chunk)
    {
        FilterStrip from = _from.Strips[chunk];
        int group = from.Group;
        foreach (FilterStrip to in _to.Strips)
        {
            if (to.Group != group) continue;
            for (int column = 0; column < to.Width; column += Blocks.Size)
            {
                int firstInput = to.Channel - group * _to.Outputs + column;
                int inputs = Math.Min(Blocks.Size, _from.Channels - firstInput);
                float* source = _source + from.Offset + (nint)_from.Row(firstInput, 0) * from.Width;
                float* target = _target + to.Offset + column;
                for (int row = 0; row < from.Width; row += Blocks.Size)
                    TurnTaps(source + row, inputs, from.Width, from.Channel - group * _from.Outputs + row, target, to.Width);
            }
        }
    }

    /// <summary>Turns one block of input channels by one block of output channels, for all taps.</summary>
    private void TurnTaps(float* source, int inputs, nint sourceStride, int firstOutput, float* target, nint targetStride)
    {
        int outputs = Math.Min(Blocks.Size, _from.Outputs - firstOutput);
        target += _to.Row(firstOutput, 0) * targetStride;
        nint sourceTap = inputs * sourceStride, targetTap = outputs * targetStride;
        foreach (int tap in _taps)
        {
            Transpose(source + tap * sourceTap, sourceStride, inputs, target, targetStride, outputs);
            target += targetTap;
        }
    }

    /// <summary>Computes target[j][i] = source[i][j] for i &lt; rows, j &lt; columns, and zero for rows &lt;= i &lt; 8.</summary>
    internal static void Transpose(float* source, nint sourceStride, int rows, float* target, nint targetStride, int columns)
    {
        if (rows == 8 && columns == 8 && Avx.IsSupported)
        {
            Transpose8(source, sourceStride, target, targetStride);
            return;
        }
        for (int j = 0; j < columns; j++)
            for (int i = 0; i < 8; i++)
                target[j * targetStride + i] = i < rows ? source[i * sourceStride + j] : 0;
    }

    private static void Transpose8(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Vector256<float> r0 = Vector256.Load(source), r1 = Vector256.Load(source + sourceStride);
        source += 2 * sourceStride;
        Vector256<float> r2 = Vector256.Load(source), r3 = Vector256.Load(source + sourceStride);
        source += 2 * sourceStride;
        Vector256<float> r4 = Vector256.Load(source), r5 = Vector256.Load(source + sourceStride);
        source += 2 * sourceStride;
        Vector256<float> r6 = Vector256.Load(source), r7 = Vector256.Load(source + sourceStride);
        Vector256<float> a0 = Avx.UnpackLow(r0, r1), a1 = Avx.UnpackHigh(r0, r1), a2 = Avx.UnpackLow(r2, r3), a3 = Avx.UnpackHigh(r2, r3);
        Vector256<float> a4 = Avx.UnpackLow(r4, r5), a5 = Avx.UnpackHigh(r4, r5), a6 = Avx.UnpackLow(r6, r7), a7 = Avx.UnpackHigh(r6, r7);
        Vector256<float> b0 = Avx.Shuffle(a0, a2, 0x44), b1 = Avx.Shuffle(a0, a2, 0xEE);
        Vector256<float> b2 = Avx.Shuffle(a1, a3, 0x44), b3 = Avx.Shuffle(a1, a3, 0xEE);
        Vector256<float> b4 = Avx.Shuffle(a4, a6, 0x44), b5 = Avx.Shuffle(a4, a6, 0xEE);
        Vector256<float> b6 = Avx.Shuffle(a5, a7, 0x44), b7 = Avx.Shuffle(a5, a7, 0xEE);
        Avx.Permute2x128(b0, b4, 0x20).Store(target);
        Avx.Permute2x128(b1, b5, 0x20).Store(target + targetStride);
        target += 2 * targetStride;
        Avx.Permute2x128(b2, b6, 0x20).Store(target);
        Avx.Permute2x128(b3, b7, 0x20).Store(target + targetStride);
        target += 2 * targetStride;
        Avx.Permute2x128(b0, b4, 0x31).Store(target);
        Avx.Permute2x128(b1, b5, 0x31).Store(target + targetStride);
        target += 2 * targetStride;
        Avx.Permute2x128(b2, b6, 0x31).Store(target);
        Avx.Permute2x128(b3, b7, 0x31).Store(target + targetStride);
    }
}
