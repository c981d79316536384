using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.Pooling;

/// <summary>
/// Windows over channels-last maps, as kernels see them: R by S over maps of H by W give P by Q outputs. Ranges exclude their Last.
/// </summary>
/// <param name="Lanes">Number of channels that one thread has, see <see cref="ChannelLanes.For"/>.</param>
internal readonly record struct PoolShape(
    int Channels, int H, int W, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int P, int Q, int Lanes)
{
    private readonly Divisor _runs = new(Channels / Lanes), _strideH = new(StrideH), _strideW = new(StrideW);
    private readonly Divisor _h = new(H), _w = new(W), _p = new(P), _q = new(Q);

    /// <summary>Returns the number of threads for the outputs of <paramref name="images"/> images.</summary>
    public long OutputThreads(int images) => (long)images * P * Q * _runs.Value;

    /// <summary>Returns the number of threads for the inputs of <paramref name="images"/> images.</summary>
    public long InputThreads(int images) => (long)images * H * W * _runs.Value;

    /// <summary>Returns the output of a thread, and its first channel.</summary>
    public (int Image, int P, int Q, int Channel) Output(int thread, int lanes)
    {
        int pixel = _runs.Divide(thread), row = _q.Divide(pixel), image = _p.Divide(row);
        return (image, row - image * P, pixel - row * Q, (thread - pixel * _runs.Value) * lanes);
    }

    /// <summary>Returns the input of a thread, and its first channel.</summary>
    public (int Image, int H, int W, int Channel) Input(int thread, int lanes)
    {
        int pixel = _runs.Divide(thread), row = _w.Divide(pixel), image = _h.Divide(row);
        return (image, row - image * H, pixel - row * W, (thread - pixel * _runs.Value) * lanes);
    }

    /// <summary>Returns the rows inside the input that the window of output row <paramref name="p"/> covers.</summary>
    public (int First, int Last) RowsOf(int p) => Inside(p * StrideH - PadH, R, H);

    /// <summary>Returns the columns inside the input that the window of output column <paramref name="q"/> covers.</summary>
    public (int First, int Last) ColumnsOf(int q) => Inside(q * StrideW - PadW, S, W);

    /// <summary>
    /// Returns what to subtract from row * S + column, a pixel of the input, for its place in the window of an output.
    /// </summary>
    public int StartOf(int p, int q) => (p * StrideH - PadH) * S + q * StrideW - PadW;

    /// <summary>Returns the output rows whose windows contain row <paramref name="h"/>.</summary>
    public (int First, int Last) WindowsOfRow(int h) => Around(h + PadH, R, _strideH, P);

    /// <summary>Returns the output columns whose windows contain column <paramref name="w"/>.</summary>
    public (int First, int Last) WindowsOfColumn(int w) => Around(w + PadW, S, _strideW, Q);

    private static (int First, int Last) Inside(int first, int count, int extent) =>
        (KernelMath.Max(first, 0), KernelMath.Min(first + count, extent));

    private static (int First, int Last) Around(int at, int window, Divisor stride, int count) =>
        (at < window ? 0 : stride.Divide(at - window) + 1, KernelMath.Min(stride.Divide(at) + 1, count));
}
