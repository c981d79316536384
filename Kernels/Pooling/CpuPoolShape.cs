namespace GpuCnn.Kernels.Pooling;

/// <summary>The sizes of a pooling: <see cref="Blocks"/> channel blocks of H by W, a window of R by S.</summary>
public sealed record CpuPoolShape(
    int Blocks, int H, int W, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int OutputHeight, int OutputWidth)
{
    /// <summary>Rows that the window of output row <paramref name="p"/> covers inside the input.</summary>
    internal (int First, int Last) RowsOf(int p) => Inside(p * StrideH - PadH, R, H);

    /// <summary>Columns that the window of output column <paramref name="q"/> covers inside the input.</summary>
    internal (int First, int Last) ColumnsOf(int q) => Inside(q * StrideW - PadW, S, W);

    private static (int First, int Last) Inside(int first, int count, int extent) =>
        (Math.Max(first, 0), Math.Min(first + count, extent));
}
