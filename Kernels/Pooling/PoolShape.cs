using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>Windows over channels-last maps, as kernels take them: R by S over maps of H by W give P by Q outputs. A range ends before its Last.</summary>
public readonly record struct PoolShape(int Channels, int H, int W, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int P, int Q)
{
    /// <summary>Channels that one thread has: four where every pixel's channels are a whole number of fours.</summary>
    public int Lanes => Channels % 4 == 0 ? 4 : 1;

    /// <summary>Rows that the window of output row <paramref name="p"/> covers inside the input.</summary>
    public (int First, int Last) RowsOf(int p) => Inside(p * StrideH - PadH, R, H);

    /// <summary>Columns that the window of output column <paramref name="q"/> covers inside the input.</summary>
    public (int First, int Last) ColumnsOf(int q) => Inside(q * StrideW - PadW, S, W);

    /// <summary>Output rows whose windows contain row <paramref name="h"/>.</summary>
    public (int First, int Last) WindowsOfRow(int h) => Around(h + PadH, R, StrideH, P);

    /// <summary>Output columns whose windows contain column <paramref name="w"/>.</summary>
    public (int First, int Last) WindowsOfColumn(int w) => Around(w + PadW, S, StrideW, Q);

    private static (int First, int Last) Inside(int first, int count, int extent) =>
        (KernelMath.Max(first, 0), KernelMath.Min(first + count, extent));

    private static (int First, int Last) Around(int at, int window, int stride, int count) =>
        (at < window ? 0 : (at - window) / stride + 1, KernelMath.Min(at / stride + 1, count));
}
