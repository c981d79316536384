namespace GpuCnn.Kernels.Pooling;

/// <summary>Sizes of a pooling: <see cref="Blocks"/> channel blocks of H by W, a window of R by S.</summary>
internal sealed record CpuPoolShape(
    int Blocks, int H, int W, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int OutputHeight, int OutputWidth)
{
    /// <summary>Converts windows over channels-last maps to the same over channel blocks.</summary>
    public static CpuPoolShape Of(PoolShape shape) => new(
        Cpu.Blocks.Count(shape.Channels), shape.H, shape.W, shape.R, shape.S, shape.StrideH, shape.StrideW, shape.PadH, shape.PadW,
        shape.P, shape.Q);

    /// <summary>Returns the rows inside the input that the window of output row <paramref name="p"/> covers.</summary>
    internal (int First, int Last) RowsOf(int p) => Inside(p * StrideH - PadH, R, H);

    /// <summary>Returns the columns inside the input that the window of output column <paramref name="q"/> covers.</summary>
    internal (int First, int Last) ColumnsOf(int q) => Inside(q * StrideW - PadW, S, W);

    private static (int First, int Last) Inside(int first, int count, int extent) =>
        (Math.Max(first, 0), Math.Min(first + count, extent));
}
