using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution;

/// <summary>
/// Turns a packed filter for the backward pass to the input: rows and output channels change places, and only the given taps are kept, in
/// the order given. Overwrites the target. Memory bound: 8 by 8 blocks are transposed in registers.
/// </summary>
public sealed unsafe class FilterTurn : ICpuKernel
{
    private readonly FilterLayout _from, _to;
    private readonly int[] _taps;
    private readonly float* _source, _target;

    /// <param name="from">Layout of the filter: rows over input channels, strips over output channels.</param>
    /// <param name="to">Layout of the turned filter: rows over output channels, strips over input channels.</param>
    /// <param name="taps">Tap of the filter for each tap of the turned one.</param>
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
        // 32 by 32 weights at a time: whole cache lines on both sides.
        foreach (FilterStrip to in _to.Strips)
        {
            if (to.Group != group) continue;
            for (int tap = 0; tap < _taps.Length; tap++)
                for (int row = 0; row < from.Width; row += Blocks.Size)
                {
                    int firstOutput = from.Channel - group * _from.Outputs + row;
                    int outputs = Math.Min(Blocks.Size, _from.Outputs - firstOutput);
                    float* target = _target + to.Offset + (nint)_to.Row(firstOutput, tap) * to.Width;
                    for (int column = 0; column < to.Width; column += Blocks.Size)
                    {
                        int firstInput = to.Channel - group * _to.Outputs + column;
                        int inputs = Math.Min(Blocks.Size, _to.Outputs - firstInput);
                        float* source = _source + from.Offset + (nint)_from.Row(firstInput, _taps[tap]) * from.Width + row;
                        Transpose(source, from.Width, inputs, target + column, to.Width, outputs);
                    }
                }
        }
    }

    /// <summary>target[j][i] = source[i][j] for i &lt; rows, j &lt; columns; zero for rows &lt;= i &lt; 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* source, nint sourceStride, int rows, float* target, nint targetStride, int columns)
    {
        if (rows == 8 && columns == 8 && Vector256.IsHardwareAccelerated)
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
        Vector128<float> r0, r1, r2, r3;
        for (int half = 0; half < 2; half++)
            for (int part = 0; part < 2; part++)
            {
                float* from = source + 4 * half * sourceStride + 4 * part, to = target + 4 * part * targetStride + 4 * half;
                r0 = Vector128.Load(from);
                r1 = Vector128.Load(from + sourceStride);
                r2 = Vector128.Load(from + 2 * sourceStride);
                r3 = Vector128.Load(from + 3 * sourceStride);
                Vector128<float> low01 = UnpackLow(r0, r1), high01 = UnpackHigh(r0, r1), low23 = UnpackLow(r2, r3), high23 = UnpackHigh(r2, r3);
                Vector128.Create(low01.GetLower(), low23.GetLower()).Store(to);
                Vector128.Create(low01.GetUpper(), low23.GetUpper()).Store(to + targetStride);
                Vector128.Create(high01.GetLower(), high23.GetLower()).Store(to + 2 * targetStride);
                Vector128.Create(high01.GetUpper(), high23.GetUpper()).Store(to + 3 * targetStride);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> UnpackLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : Vector128.Create(a.GetElement(0), b.GetElement(0), a.GetElement(1), b.GetElement(1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> UnpackHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : Vector128.Create(a.GetElement(2), b.GetElement(2), a.GetElement(3), b.GetElement(3));
}
